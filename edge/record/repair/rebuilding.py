"""A new database from a damaged one, in its place such that a crash at any moment leaves the one or the other."""

from __future__ import annotations

import logging
import os
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path

from edge.record.repair.graft import graft, told_version
from edge.record.repair.salvage import Salvaged, salvage
from edge.record.store.backup import free_name, stamp
from edge.record.store.database import DATABASE_NAME, connect_read_only
from edge.record.store.errors import StoreCorrupt, file_errors, sqlite_errors
from edge.record.store.schema import SCHEMA_VERSION, misshapen
from edge.record.store.swap import REBUILT_NAME, swap
from engines.whole_file import sync_folder

Tell = Callable[[str], object]
log = logging.getLogger(__name__)


def rebuild(folder: Path, tell: Tell) -> None:
    """Put a database of all that can be read in place of the damaged one, by who holds the folder's lock."""
    partial = folder / f".{REBUILT_NAME}.{os.getpid()}.partial"
    with file_errors(partial):
        partial.unlink(missing_ok=True)
    try:
        with tempfile.TemporaryDirectory(prefix=".graft-", dir=folder) as work:
            said = _best_salvage(folder / DATABASE_NAME, partial, Path(work))
        kept = keep_as_it_is(folder)
        tell(f"the damaged record is kept in {kept}")
        with file_errors(partial):
            with partial.open("rb") as file:
                os.fsync(file.fileno())
            partial.replace(folder / REBUILT_NAME)
            sync_folder(folder)
    finally:
        with file_errors(partial):
            for end in ("", "-journal"):
                partial.with_name(partial.name + end).unlink(missing_ok=True)
    swap(folder)
    tell("read again: " + ", ".join(f"{number} {table}" for table, number in said.rows.items()))
    for table in sorted(said.unreadable):
        tell(f"some rows of {table} could not be read")
    for table, number in said.refused.items():
        tell(f"{number} rows of {table} were damaged beyond use")


def _best_salvage(database: Path, target: Path, work: Path) -> Salvaged:
    """By the database's own list of tables, or, where that is damaged too, by a lent one. Raises StoreCorrupt."""
    try:
        return _salvage(database, database, target)
    except StoreCorrupt as error:
        log.warning("%s; trying with a fresh list of tables", error)
    told = told_version(database)
    try:
        return _salvage(graft(database, work, told if 1 <= told <= SCHEMA_VERSION else SCHEMA_VERSION), database, target)
    except StoreCorrupt as error:
        said = f"{database}: nothing of it can be read any more; restore a backup, or name another folder and keep this one"
        raise StoreCorrupt(said) from error


def _salvage(source: Path, database: Path, target: Path) -> Salvaged:
    with file_errors(target):
        target.unlink(missing_ok=True)
    with sqlite_errors(database):
        damaged = connect_read_only(source)
        try:
            rebuilt = sqlite3.connect(target, isolation_level=None)
            try:
                # One fsync at the end does: until it is renamed nobody looks at this file.
                rebuilt.execute("PRAGMA synchronous = OFF")
                return salvage(damaged, _version(damaged, database), rebuilt, database)
            finally:
                rebuilt.close()
        finally:
            damaged.close()


def _version(damaged: sqlite3.Connection, database: Path) -> int:
    """The damaged record's schema; a damaged number of it does not stop us where the tables are there."""
    tables = {row[0] for row in damaged.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    if not {"session", "slide", "field", "field_class", "cell"} <= tables:
        raise StoreCorrupt(f"{database}: the tables of a record cannot be found in it; restore a backup")
    if fitting := [version for version in range(1, SCHEMA_VERSION + 1) if not misshapen(damaged, version)]:
        return fitting[-1]
    version = int(damaged.execute("PRAGMA user_version").fetchone()[0])
    return version if 1 <= version <= SCHEMA_VERSION else 2 if "event" in tables else 1


def keep_as_it_is(folder: Path) -> Path:
    """The database and its write-ahead log, byte for byte; under its name once all of it is on the disk."""
    kept = free_name(folder, f"before-repair-{stamp()}")
    partial = folder / f".{kept.name}.{os.getpid()}.partial"
    with file_errors(kept):
        partial.mkdir()
        for end in ("", "-wal", "-shm"):
            source = folder / (DATABASE_NAME + end)
            if source.exists():
                target = partial / source.name
                shutil.copyfile(source, target)
                with target.open("rb") as file:
                    os.fsync(file.fileno())
        sync_folder(partial)
        partial.replace(kept)
        sync_folder(folder)
    return kept
