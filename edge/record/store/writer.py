"""Writing the record: SQLite in write-ahead mode, synced to the disk at every commit."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType

from edge.record.store.database import BUSY_TIMEOUT_S
from edge.record.store.errors import StoreError, StoreNotFound, file_errors, sqlite_errors
from edge.record.store.integrity import require_whole
from edge.record.store.reader import StoreReader
from edge.record.store.running import FolderLock, RunningLock
from edge.record.store.schema import migrate, require_shape
from edge.record.store.swap import finish_swap


class StoreWriter(StoreReader):
    """The open database, its locks and its transactions; what may be written is `Store`'s to say."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._locks: dict[str, RunningLock] = {}
        self._folder_lock: FolderLock | None = None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            while self._locks:
                self._locks.popitem()[1].release()
            if self._folder_lock is not None:
                self._folder_lock.release()
                self._folder_lock = None

    def _open(self) -> sqlite3.Connection:
        with file_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        finish_swap(self.folder)
        self._folder_lock = FolderLock.shared(self.folder)
        try:
            return self._connect()
        except BaseException:
            self._folder_lock.release()
            self._folder_lock = None
            raise

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
            if require_shape(connection, self.database):
                require_whole(connection, self.database)
            migrate(connection, self.database)
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
        except (StoreError, sqlite3.Error):
            connection.close()
            raise
        return connection

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        connection = self._connection
        with sqlite_errors(self.database):
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            finally:
                if connection.in_transaction:  # SQLite has already rolled back where the disk is full
                    connection.execute("ROLLBACK")

    def _require_open(self, connection: sqlite3.Connection, session_id: str) -> None:
        row = connection.execute("SELECT finished FROM session WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            raise StoreNotFound(f"{self.database} has no session '{session_id}'; begin one first")
        if row["finished"] is not None:
            raise StoreNotFound(f"{self.database}: session {session_id} is finished; begin a new one")
