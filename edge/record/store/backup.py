"""A copy of the database, also while others write it: whole under its name, or not there."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from edge.record.store.database import connect_read_only
from edge.record.store.errors import StoreCorrupt, StoreFull, file_errors, sqlite_errors
from engines.whole_file import whole_file

PAGES_A_STEP = 4096
"""Between steps of 16 MB a writer gets its turn."""


def stamp() -> str:
    """UTC, for the name of a copy."""
    return f"{datetime.now(timezone.utc):%Y%m%d-%H%M%S}"


def free_name(folder: Path, stem: str, suffix: str = "") -> Path:
    """The first of `stem`, `stem-2`, … in `folder` that is not taken: a wall clock set back gives a name twice."""
    taken = 1
    path = folder / f"{stem}{suffix}"
    while path.exists():
        taken += 1
        path = folder / f"{stem}-{taken}{suffix}"
    return path


def copy_database(source: Path, target: Path) -> Path:
    """Copy all that is committed in `source`, its write-ahead log included, and return `target` once it is on the disk.

    Raises StoreError; there is no `target` then. StoreCorrupt where the copy's pages do not hang together.
    """
    with file_errors(target), whole_file(target) as partial:
        try:
            _copy(source, partial)
        finally:
            for end in ("journal", "wal", "shm"):
                partial.with_name(f"{partial.name}-{end}").unlink(missing_ok=True)
    return target


def _copy(source: Path, target: Path) -> None:
    with sqlite_errors(target):
        written = sqlite3.connect(target, isolation_level=None)
    try:
        read = connect_read_only(source)
        try:
            with sqlite_errors(source):
                written.execute("PRAGMA synchronous = OFF")  # one fsync at the end does; until then it has no name
                _fill(read, written, target)
                # A copy of one file: with the write-ahead mode's flag it would want two more as soon as it is opened.
                written.execute("PRAGMA journal_mode = DELETE")
                written.execute("PRAGMA ignore_check_constraints = ON")  # numbers that cannot be are to be copied as they are
                said = written.execute("PRAGMA quick_check(1)").fetchone()[0]
        finally:
            read.close()
    finally:
        written.close()
    if said != "ok":
        raise StoreCorrupt(f"{source} is damaged ({said}), so no copy of it was kept; run `hemocam store repair`")


def _fill(read: sqlite3.Connection, written: sqlite3.Connection, target: Path) -> None:
    try:
        read.backup(written, pages=PAGES_A_STEP)
    except sqlite3.OperationalError as error:
        if "full" not in str(error):
            raise
        raise StoreFull(f"{target.parent}: no room for a copy of the record; free some space on that disk") from error


def backup_before_migration(database: Path, version: int) -> Path:
    """Keep the record as it was in schema `version`, beside it, such as hemocam-v1-20261120-115302.sqlite."""
    return copy_database(database, free_name(database.parent, f"{database.stem}-v{version}-{stamp()}", database.suffix))
