"""Whether SQLite finds the database's pages in order."""

from __future__ import annotations

import logging
import sqlite3
import time
from pathlib import Path

from edge.record.store.errors import StoreCorrupt

QUICK_CHECK_S = 20.0
"""An opening waits no longer. 0.42 GB took 0.6 s on a desktop's SSD, so 20 s are some 10 GB there; what was not looked at
by then is left to `hemocam store check`."""
MOST_FOUND = 100
log = logging.getLogger(__name__)


def require_whole(connection: sqlite3.Connection, database: Path, limit_s: float = QUICK_CHECK_S) -> None:
    """SQLite's quick check, for at most `limit_s` seconds. Raises StoreCorrupt with the first thing that it finds."""
    until_s = time.monotonic() + limit_s
    connection.set_progress_handler(lambda: int(time.monotonic() > until_s), 10_000)
    try:
        said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
    except sqlite3.OperationalError as error:
        if "interrupted" not in str(error):
            raise
        log.warning("%s is too large to check in %.0f s; run `hemocam store check` when nothing is logged", database, limit_s)
        return
    finally:
        connection.set_progress_handler(None, 0)
    if said != "ok":
        raise StoreCorrupt(
            f"{database} is damaged ({_one_line(said)}); run `hemocam store repair`: it keeps a copy and saves what can be read"
        )


def damage(connection: sqlite3.Connection) -> list[str]:
    """All that SQLite's full check finds, indexes and foreign keys included; empty where the database is whole."""
    found = [str(row[0]) for row in connection.execute(f"PRAGMA integrity_check({MOST_FOUND})")]
    said = [] if found == ["ok"] else [_one_line(each) for each in found]
    strays = [row[0] for row in connection.execute("PRAGMA foreign_key_check").fetchmany(MOST_FOUND)]
    return said + [f"{strays.count(table)} rows of {table} belong to nothing" for table in sorted(set(strays))]


def _one_line(said: str) -> str:
    return " ".join(said.replace("***", "").split())
