"""A copy of the database a day, made by whoever records: what `store repair` falls back on."""

from __future__ import annotations

import time
from pathlib import Path

from edge.record.store.backup import copy_database, free_name, stamp
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import file_errors

BACKUPS = "backups"
EVERY_S = 86_400.0


def backups(folder: Path) -> list[Path]:
    """The daily copies in a record's folder, the oldest first. Raises StoreError."""
    with file_errors(folder / BACKUPS):
        return sorted((folder / BACKUPS).glob("daily-*.db"), key=lambda path: path.stat().st_mtime)


def back_up_daily(folder: Path, kept: int) -> Path | None:
    """Copy the database of `folder` where the newest copy is a day old, and keep the newest `kept`; the new copy, or None.

    A clock that was set back makes a copy too many, none too few. Pictures are not copied: `store backup` takes them along.
    Raises StoreError; the older copies are then all there.
    """
    have = backups(folder)
    if kept < 1 or (have and 0 <= time.time() - have[-1].stat().st_mtime < EVERY_S):
        return None
    into = folder / BACKUPS
    with file_errors(into):
        into.mkdir(exist_ok=True)
    made = copy_database(folder / DATABASE_NAME, free_name(into, f"daily-{stamp()}", ".db"))
    for old in backups(folder)[:-kept]:
        with file_errors(old):
            old.unlink()
    return made
