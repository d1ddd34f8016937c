"""The tables, as numbered migrations: the n-th brings a database from PRAGMA user_version n - 1 to n."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

from edge.record.store.backup import backup_before_migration
from edge.record.store.columns import described, made_by
from edge.record.store.errors import StoreCorrupt, StoreNotFound, StoreTooNew, StoreTooOld
from edge.record.store.migrations import MIGRATIONS

APPLICATION_ID = 0x48434D31  # "HCM1": tells our file from any other SQLite database
SCHEMA_VERSION = len(MIGRATIONS)
_CURE = "run `hemocam store repair`, which keeps a copy and saves what can be read"


def version_of(connection: sqlite3.Connection, database: Path) -> int:
    """The schema's version, 0 for an empty file. Raises StoreTooNew, or StoreCorrupt where the tables are not ours."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (version or tables or application):
        raise StoreCorrupt(f"{database} is a database of another program; name another folder")
    if application == APPLICATION_ID and version < 1:
        raise StoreCorrupt(f"{database}: its schema's number, {version}, is damaged; {_CURE}")
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"{database} was written by a newer HemoCam (its schema is {version}, this program knows {SCHEMA_VERSION}); "
            "update HemoCam, or name another folder"
        )
    return version


def misshapen(connection: sqlite3.Connection, version: int) -> str:
    """In which table the columns are not those that this version's migrations make; "" where all are.

    Tables beside ours are nobody's business. Raises sqlite3.Error.
    """
    wanted = made_by(MIGRATIONS[:version])
    found = described(connection, wanted)
    for table, columns in wanted.items():
        if not found[table]:
            return f"the table {table} is missing"
        if found[table] != columns:
            return f"the columns of the table {table} are not those of schema {version}"
    return ""


def require_shape(connection: sqlite3.Connection, database: Path) -> int:
    """The schema's version, as `version_of` gives it. Raises StoreCorrupt where its tables are other than it makes.

    Version and tables are read in one transaction: another process may be bringing them up to date.
    """
    alone = not connection.in_transaction
    if alone:
        connection.execute("BEGIN")
    try:
        version = version_of(connection, database)
        if version and (said := misshapen(connection, version)):
            raise StoreCorrupt(f"{database}: {said}; {_CURE}")
    finally:
        if alone and connection.in_transaction:
            connection.execute("ROLLBACK")
    return version


def require_current(connection: sqlite3.Connection, database: Path) -> None:
    """For a reader, which changes nothing. Raises StoreNotFound where nothing was ever recorded, StoreTooOld,
    or StoreCorrupt where the tables are not as they should be."""
    version = require_shape(connection, database)
    if version == 0:
        raise StoreNotFound(f"{database} holds no record yet; begin one with `hemocam log` or `hemocam live`")
    if version < SCHEMA_VERSION:
        raise StoreTooOld(
            f"{database} was written by an older HemoCam (its schema is {version}, this program's {SCHEMA_VERSION}); "
            "a session begun there by this version brings it up to date"
        )


def migrate(
    connection: sqlite3.Connection, database: Path, keep_backup: Callable[[Path, int], object] = backup_before_migration
) -> None:
    """Bring the tables up to date, each step whole or not at all, a copy of the old record beside it before each.

    Several processes may do so at once: one does, the others wait.
    """
    while version_of(connection, database) < SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection, database)  # again: another process may have been first
            if version == 0:
                _advance(connection, 0, SCHEMA_VERSION)
            elif version < SCHEMA_VERSION:
                keep_backup(database, version)
                _advance(connection, version, version + 1)
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")


def _advance(connection: sqlite3.Connection, version: int, target: int) -> None:
    for step in MIGRATIONS[version:target]:
        for statement in step:
            connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute(f"PRAGMA user_version = {target}")
