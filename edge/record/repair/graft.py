"""Reading a database whose own list of tables is damaged, by lending it a fresh one's.

Tables are made in one order (migrations.py), so that their root pages are the same in every record that began with this
version of the schema; in one that began with an earlier version those of the earlier tables are.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from pathlib import Path

from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import file_errors, sqlite_errors
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.schema import APPLICATION_ID

PAGE_BYTES = 4096
_INTERIOR, _USER_VERSION = 0x05, 60


def graft(damaged: Path, work: Path, version: int) -> Path:
    """A copy of `damaged` (with its write-ahead log) in the folder `work` that has the list of tables of `version`."""
    scratch = work / DATABASE_NAME
    with file_errors(scratch):
        for end in ("", "-wal"):
            source = damaged.with_name(damaged.name + end)
            if source.exists():
                shutil.copyfile(source, scratch.with_name(scratch.name + end))
        fresh = _fresh(work / "fresh.sqlite", version)
        with scratch.open("r+b") as file:
            # A file that was cut off is filled up: SQLite opens none that ends before the first page of a table.
            pages = max(-(-file.seek(0, os.SEEK_END) // PAGE_BYTES), len(fresh) // PAGE_BYTES)
            file.truncate(pages * PAGE_BYTES)
            for number in _list_pages(fresh):
                file.seek((number - 1) * PAGE_BYTES)
                file.write(fresh[(number - 1) * PAGE_BYTES : number * PAGE_BYTES])
            # The header of file format 3 (sqlite.org/fileformat2.html, 1.3): length in pages; no page is said to be free.
            for offset, value in ((28, pages), (32, 0), (36, 0)):
                file.seek(offset)
                file.write(value.to_bytes(4, "big"))
    return scratch


def told_version(database: Path) -> int:
    """What the file's header says that its schema is, whatever that is worth (sqlite.org/fileformat2.html, 1.3.12)."""
    with file_errors(database), database.open("rb") as file:
        file.seek(_USER_VERSION)
        return int.from_bytes(file.read(4), "big")


def _fresh(path: Path, version: int) -> bytes:
    with sqlite_errors(path):
        connection = sqlite3.connect(path, isolation_level=None)
        try:
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            for step in MIGRATIONS[:version]:
                connection.execute("BEGIN")
                for statement in step:
                    connection.execute(statement)
                connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
                connection.execute("COMMIT")
            connection.execute(f"PRAGMA user_version = {version}")
            connection.execute("PRAGMA journal_mode = WAL")
        finally:
            connection.close()
    with file_errors(path):
        return path.read_bytes()


def _list_pages(database: bytes) -> list[int]:
    """The pages of the list of tables: the first, and its children where it has some."""
    header = 100
    if database[header] != _INTERIOR:
        return [1]
    cells = int.from_bytes(database[header + 3 : header + 5], "big")
    pointers = [int.from_bytes(database[at : at + 2], "big") for at in range(header + 12, header + 12 + 2 * cells, 2)]
    children = [int.from_bytes(database[at : at + 4], "big") for at in pointers]
    return [1, *children, int.from_bytes(database[header + 8 : header + 12], "big")]
