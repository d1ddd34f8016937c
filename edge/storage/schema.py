"""The tables, as numbered migrations: the n-th brings a database from PRAGMA user_version n - 1 to n."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.storage.errors import StoreCorrupt, StoreNotFound, StoreTooNew, StoreTooOld

APPLICATION_ID = 0x48434D31  # "HCM1": tells our file from any other SQLite database
MIGRATIONS: tuple[tuple[str, ...], ...] = (
    (
        """CREATE TABLE session (
            number INTEGER PRIMARY KEY, id TEXT NOT NULL UNIQUE, started TEXT NOT NULL,
            specimen TEXT NOT NULL, operator TEXT NOT NULL, note TEXT NOT NULL,
            camera TEXT NOT NULL, simulated INTEGER NOT NULL CHECK (simulated IN (0, 1)),
            model TEXT NOT NULL, model_sha256 TEXT NOT NULL, runtime TEXT NOT NULL,
            um_per_px REAL CHECK (um_per_px > 0), settings TEXT NOT NULL,
            hemocam_version TEXT NOT NULL, hostname TEXT NOT NULL,
            counted INTEGER NOT NULL DEFAULT 0 CHECK (counted >= 0),
            duplicate INTEGER NOT NULL DEFAULT 0 CHECK (duplicate >= 0),
            rejected INTEGER NOT NULL DEFAULT 0 CHECK (rejected >= 0),
            dropped INTEGER NOT NULL DEFAULT 0 CHECK (dropped >= 0),
            failed INTEGER NOT NULL DEFAULT 0 CHECK (failed >= 0),
            finished TEXT, finish_reason TEXT,
            CHECK ((finished IS NULL) = (finish_reason IS NULL)))""",
        """CREATE TABLE rejection (
            session_id TEXT NOT NULL REFERENCES session (id), reason TEXT NOT NULL,
            frames INTEGER NOT NULL CHECK (frames >= 0), PRIMARY KEY (session_id, reason)) WITHOUT ROWID""",
        """CREATE TABLE slide (
            id INTEGER PRIMARY KEY, session_id TEXT NOT NULL REFERENCES session (id), number INTEGER NOT NULL,
            name TEXT NOT NULL, started TEXT NOT NULL, UNIQUE (session_id, number))""",
        """CREATE TABLE field (
            id INTEGER PRIMARY KEY, slide_id INTEGER NOT NULL REFERENCES slide (id), number INTEGER NOT NULL,
            sequence INTEGER NOT NULL, wall_time TEXT NOT NULL, monotonic_s REAL NOT NULL, image TEXT,
            width_px INTEGER NOT NULL, height_px INTEGER NOT NULL, um_per_px REAL,
            cell_diameter_px REAL NOT NULL, cell_diameter_spread REAL NOT NULL, cell_diameter_source TEXT NOT NULL,
            border_rule TEXT NOT NULL, focus REAL, latency_ms REAL NOT NULL, UNIQUE (slide_id, number))""",
        # `counted` repeats what the cells say, so that a slide's total costs a row a field and not a row a cell.
        """CREATE TABLE field_class (
            field_id INTEGER NOT NULL REFERENCES field (id), cell_class TEXT NOT NULL, method TEXT NOT NULL,
            counted INTEGER NOT NULL CHECK (counted >= 0), disagreement REAL, by_method TEXT NOT NULL,
            PRIMARY KEY (field_id, cell_class)) WITHOUT ROWID""",
        """CREATE TABLE cell (
            id INTEGER PRIMARY KEY, field_id INTEGER NOT NULL, cell_class TEXT NOT NULL,
            x REAL NOT NULL, y REAL NOT NULL, diameter_px REAL NOT NULL, area_px REAL NOT NULL,
            confidence REAL NOT NULL, border INTEGER NOT NULL CHECK (border IN (0, 1)),
            diameter_um REAL, outline BLOB NOT NULL,
            FOREIGN KEY (field_id, cell_class) REFERENCES field_class (field_id, cell_class))""",
        "CREATE INDEX cell_of_field ON cell (field_id, cell_class)",
    ),
)
SCHEMA_VERSION = len(MIGRATIONS)


def version_of(connection: sqlite3.Connection, database: Path) -> int:
    """The schema's version, 0 for an empty file. Raises StoreTooNew, or StoreCorrupt where the tables are not ours."""
    version = int(connection.execute("PRAGMA user_version").fetchone()[0])
    application = int(connection.execute("PRAGMA application_id").fetchone()[0])
    tables = int(connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0])
    if application != APPLICATION_ID and (version or tables or application):
        raise StoreCorrupt(f"{database} is a database of another program; name another folder")
    if version > SCHEMA_VERSION:
        raise StoreTooNew(
            f"{database} was written by a newer HemoCam (its schema is {version}, this program knows {SCHEMA_VERSION}); "
            "update HemoCam, or name another folder"
        )
    return version


def require_current(connection: sqlite3.Connection, database: Path) -> None:
    """For a reader, which changes nothing. Raises StoreNotFound where nothing was ever recorded, or StoreTooOld."""
    version = version_of(connection, database)
    if version == 0:
        raise StoreNotFound(f"{database} holds no record yet; begin one with `hemocam log` or `hemocam live`")
    if version < SCHEMA_VERSION:
        raise StoreTooOld(
            f"{database} was written by an older HemoCam (its schema is {version}, this program's {SCHEMA_VERSION}); "
            "a session begun there by this version brings it up to date"
        )


def migrate(connection: sqlite3.Connection, database: Path) -> None:
    """Bring the tables up to date, each step whole or not at all; several processes may do so at once."""
    while version_of(connection, database) < SCHEMA_VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            version = version_of(connection, database)  # again: another process may have been first
            for statement in MIGRATIONS[version] if version < SCHEMA_VERSION else ():
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {min(version + 1, SCHEMA_VERSION)}")
            connection.execute("COMMIT")
        finally:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
