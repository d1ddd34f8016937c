"""The database's file: its name, and how it is opened."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.record.store.errors import StoreNotFound, file_errors, sqlite_errors

DATABASE_NAME = "hemocam.sqlite"
BUSY_TIMEOUT_S = 10.0


def connect_read_only(database: Path) -> sqlite3.Connection:
    """A connection that cannot write, and does not ask whose database it is. Raises StoreNotFound where there is none."""
    with file_errors(database):
        if not database.is_file():
            raise StoreNotFound(f"{database.parent} holds no record ({database.name}); name the folder that was logged to")
    with sqlite_errors(database):
        name = f"{database.resolve().as_uri()}?mode=ro"
        connection = sqlite3.connect(name, uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S)
    connection.row_factory = sqlite3.Row
    return connection
