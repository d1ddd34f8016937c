"""Putting a rebuilt database in place of the damaged one, such that a crash at any moment is made good.

A file named hemocam.sqlite.rebuilt is whole and on the disk (it got that name by a rename): once it is there, the old
database and its write-ahead log are only to be replaced, and whoever opens the record next finishes that.
"""

from __future__ import annotations

from pathlib import Path

from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import file_errors
from edge.record.store.running import FolderLock
from engines.whole_file import sync_folder

REBUILT_NAME = f"{DATABASE_NAME}.rebuilt"


def finish_swap(folder: Path) -> None:
    """Put hemocam.sqlite.rebuilt in place where a repair was cut off. Raises StoreBusy where somebody writes."""
    if (folder / REBUILT_NAME).exists():
        lock = FolderLock.exclusive(folder)
        try:
            swap(folder)
        finally:
            lock.release()


def swap(folder: Path) -> None:
    """As `finish_swap`, by who holds the folder's lock."""
    rebuilt, database = folder / REBUILT_NAME, folder / DATABASE_NAME
    with file_errors(database):
        if not rebuilt.exists():
            return  # another process was first
        # The old log goes first: left beside the new database, SQLite would play it into that.
        for end in ("-wal", "-shm"):
            database.with_name(database.name + end).unlink(missing_ok=True)
        sync_folder(folder)
        rebuilt.replace(database)
        sync_folder(folder)
