"""Files that are there whole or not at all: the one way in which HemoCam writes what must survive a power cut."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

TEMPORARY_SUFFIX = ".partial"


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """A hidden name beside `path` to write to: what was written is flushed to the disk and gets its last name when the block
    ends well.

    Raises OSError (disk full, no permission). Where anything raises, `path` is as it was and nothing is left beside it.
    """
    partial = path.with_name(f".{path.name}.{secrets.token_hex(8)}{TEMPORARY_SUFFIX}")
    try:
        yield partial
        with partial.open("rb") as file:
            os.fsync(file.fileno())  # without it a power cut after the rename can leave an empty file of that name
        partial.replace(path)
        sync_folder(path.parent)
    finally:
        partial.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes) -> None:
    """Put `content` at `path`, as `whole_file` does."""
    with whole_file(path) as partial:
        partial.write_bytes(content)


def sync_folder(folder: Path) -> None:
    """A rename is on the disk only when its folder is (fsync(2), NOTES)."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
