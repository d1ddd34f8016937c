"""The record: whether it can be written, and whether what is there can be read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from edge.doctor.disk import existing
from edge.doctor.finding import Finding, Level
from edge.record.store.errors import StoreError, StoreNotFound
from edge.record.store.reader import StoreReader

NAME = "store"


def check_store(folder: Path) -> Iterator[Finding]:
    """Reads the sessions; `hemocam store check` reads everything."""
    where = existing(folder)
    if not where.is_dir():
        yield Finding(NAME, Level.ERROR, f"{where} is no folder", "set store.folder to a folder")
        return
    if not os.access(where, os.W_OK | os.X_OK):
        yield Finding(
            NAME, Level.ERROR, f"you may not write to {where}",
            "ask as the user who counts (a service's record is its own: ask with sudo), or set store.folder",
        )  # fmt: skip
        return
    try:
        with StoreReader(folder) as reader:
            sessions = reader.sessions()
    except StoreNotFound:
        yield Finding(NAME, Level.OK, f"no record at {folder} yet; the first session begins one")
        return
    except StoreError as error:
        cure = f"hemocam store check --store {folder}, then hemocam store repair; do not delete anything by hand"
        yield Finding(NAME, Level.ERROR, str(error), cure)
        return
    last = max(sessions, key=lambda one: one.id, default=None)
    text = f"{folder}: {len(sessions)} session{'s' * (len(sessions) != 1)}"
    yield Finding(NAME, Level.OK, text if last is None else f"{text}, the last one {last.id} ({last.state.value})")
