"""Bringing a record back into order. Nothing is thrown away: what is taken out of it is kept beside it."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge.record.repair.checking import check, database_findings
from edge.record.repair.findings import Finding, FindingKind
from edge.record.repair.mending import Mending
from edge.record.repair.rebuilding import keep_as_it_is, rebuild
from edge.record.store.backup import free_name
from edge.record.store.database import BUSY_TIMEOUT_S, DATABASE_NAME, connect_read_only
from edge.record.store.errors import StoreCorrupt, StoreNotFound, file_errors, sqlite_errors
from edge.record.store.pictures import ORPHANS
from edge.record.store.running import FolderLock
from edge.record.store.schema import SCHEMA_VERSION, migrate, version_of
from edge.record.store.swap import REBUILT_NAME, swap
from engines.whole_file import sync_folder

Tell = Callable[[str], object]


def repair(folder: Path, tell: Tell) -> list[Finding]:
    """Repair what `check` finds in `folder` and return what it finds afterwards; `tell` gets a line for each thing done.

    The database is first copied byte for byte into before-repair-TIME/. Of a damaged one, what can be read becomes the
    record; in a whole one with wrong numbers they are set right. Unnamed and cut-off pictures go to
    orphans/, names of missing ones out of the record. A crash at any moment leaves the old record or the new one.

    Raises StoreBusy while anybody writes, StoreNotFound, StoreTooNew, StoreFull where there is no room for the copies,
    StoreCorrupt where nothing at all can be read.
    """
    if not (folder / DATABASE_NAME).is_file() and not (folder / REBUILT_NAME).is_file():
        raise StoreNotFound(f"{folder} holds no record ({DATABASE_NAME}); name the folder that was logged to")
    lock = FolderLock.exclusive(folder)
    try:
        swap(folder)
        findings = _findings(folder)
        if any(each.kind is FindingKind.DAMAGED for each in findings):
            rebuild(folder, tell)
        elif any(each.kind is not FindingKind.OLD_SCHEMA for each in findings):
            tell(f"the record as it was is kept in {keep_as_it_is(folder)}")
        if findings:
            _mend(folder, tell)
        _tidy(folder, tell)
        return check(folder)
    finally:
        lock.release()


def _findings(folder: Path) -> list[Finding]:
    """Of the database alone; one that cannot be read at all is damaged."""
    database = folder / DATABASE_NAME
    try:
        connection = connect_read_only(database)
        try:
            with sqlite_errors(database):
                return database_findings(connection, database)
        finally:
            connection.close()
    except StoreCorrupt as error:
        return [Finding(FindingKind.DAMAGED, str(database), str(error))]


def _mend(folder: Path, tell: Tell) -> None:
    database = folder / DATABASE_NAME
    with sqlite_errors(database):
        connection = sqlite3.connect(database, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA ignore_check_constraints = ON")  # a row may break two, which are set right in turn
            before = version_of(connection, database)
            migrate(connection, database)
            if before != SCHEMA_VERSION:
                tell(f"brought from schema {before} to {SCHEMA_VERSION}; a copy of the old one is beside it")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                told = Mending(connection).mend()
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    for line in told:
        tell(line)


def _tidy(folder: Path, tell: Tell) -> None:
    """Pictures and leftovers; the database is in order by now."""
    for each in check(folder):
        if each.kind in (FindingKind.ORPHAN_PICTURE, FindingKind.DAMAGED_PICTURE):
            _quarantine(folder, each.where)
            tell(f"{each.where}: {each.text}; moved to {ORPHANS}/")
        elif each.kind in (FindingKind.UNDROPPED_PICTURE, FindingKind.HALF_WRITTEN, FindingKind.STALE_LOCK):
            with file_errors(folder / each.where):
                _remove(folder / each.where)
            tell(f"{each.where}: {each.text}; removed")
    missing = [each.where for each in check(folder) if each.kind is FindingKind.MISSING_PICTURE]
    if missing:
        _clear_names(folder / DATABASE_NAME, missing)
        for name in missing:
            tell(f"{name}: is missing; its field no longer names it")


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _quarantine(folder: Path, name: str) -> None:
    source, target = folder / name, folder / ORPHANS / name
    with file_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(free_name(target.parent, target.stem, target.suffix))
        sync_folder(target.parent)
        sync_folder(source.parent)


def _clear_names(database: Path, names: list[str]) -> None:
    with sqlite_errors(database):
        connection = sqlite3.connect(database, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        try:
            connection.execute("BEGIN IMMEDIATE")
            connection.executemany("UPDATE field SET image = NULL WHERE image = ?", [(name,) for name in names])
            connection.execute("COMMIT")
        finally:
            connection.close()
