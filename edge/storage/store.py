"""Writing the record: SQLite in write-ahead mode, synced to the disk at every commit."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timezone
from pathlib import Path
from types import TracebackType

from edge.storage.errors import StoreError, StoreNotFound, file_errors, sqlite_errors
from edge.storage.reader import BUSY_TIMEOUT_S, StoreReader
from edge.storage.records import CellRecord, FieldRecord, LedgerRecord, NewField, NewSession, SessionRecord, SlideRecord
from edge.storage.rows import (
    LEDGER_COLUMNS,
    cell_columns,
    class_columns,
    field_columns,
    insert,
    session_columns,
    slide_record,
    time_text,
)
from edge.storage.running import RunningLock
from edge.storage.schema import migrate

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is mistaken for another when read aloud or copied


def new_session_id(started: datetime) -> str:
    """Such as 20261120-115302-k3f9: UTC, so that names sort as times do, and four letters against a wall clock set back."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{started.astimezone(timezone.utc):%Y%m%d-%H%M%S}-{suffix}"


class Store(StoreReader):
    """The record in `folder` (made where it is missing), for the one thread that enters it.

    A field counts in a total once `commit_field` has returned, and not before. Every method may raise StoreError; what
    failed is then rolled back whole and the store may be used on. Leaving releases the sessions that were begun here:
    those not finished by then read as interrupted.
    """

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._locks: dict[str, RunningLock] = {}

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        try:
            super().__exit__(kind, error, trace)
        finally:
            while self._locks:
                self._locks.popitem()[1].release()

    def _open(self) -> sqlite3.Connection:
        with file_errors(self.folder):
            self.folder.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(self.database, isolation_level=None, timeout=BUSY_TIMEOUT_S)
        connection.row_factory = sqlite3.Row
        try:
            connection.execute("PRAGMA foreign_keys = ON")
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

    def begin_session(self, session: NewSession) -> SessionRecord:
        """Record that a session began and hold its lock until it is finished or this process dies."""
        session_id = new_session_id(session.started)
        lock = RunningLock(self.folder, session_id)
        try:
            with self._transaction() as connection:
                connection.execute(*insert("session", {"id": session_id, **session_columns(session)}))
        except StoreError:
            lock.release()
            raise
        self._locks[session_id] = lock
        return self.session(session_id)

    def begin_slide(self, session_id: str, name: str, started: datetime) -> SlideRecord:
        """The session's next slide. Raises StoreNotFound where there is no such session, or it is finished."""
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            number = connection.execute("SELECT count(*) + 1 FROM slide WHERE session_id = ?", (session_id,)).fetchone()[0]
            columns = {"session_id": session_id, "number": number, "name": name, "started": time_text(started)}
            slide_id = connection.execute(*insert("slide", columns)).lastrowid
            row = connection.execute("SELECT * FROM slide WHERE id = ?", (slide_id,)).fetchone()
        return slide_record(row)

    def commit_field(self, field: NewField, cells: Sequence[CellRecord], ledger: LedgerRecord) -> FieldRecord:
        """Record a field, its cells and the session's ledger with that frame among the counted, all or nothing.

        Raises ValueError where a cell's class was not looked for, or `ledger.counted` is not the number of committed
        fields; StoreNotFound where there is no such slide or its session is finished.
        """
        found = Counter(cell.cell_class for cell in cells)
        if strange := set(found) - set(field.methods):
            raise ValueError(f"cells of a class that was not looked for: {', '.join(sorted(strange))}")
        with self._transaction() as connection:
            slide = connection.execute("SELECT session_id FROM slide WHERE id = ?", (field.slide_id,)).fetchone()
            if slide is None:
                raise StoreNotFound(f"{self.database} has no slide {field.slide_id}; begin one first")
            self._require_open(connection, slide["session_id"])
            query = "SELECT coalesce(max(number), 0) + 1 FROM field WHERE slide_id = ?"
            number = connection.execute(query, (field.slide_id,)).fetchone()[0]
            field_id = connection.execute(*insert("field", field_columns(field, number))).lastrowid
            assert field_id is not None  # an INSERT always has one
            for kind in field.methods:
                connection.execute(*insert("field_class", class_columns(field, field_id, kind, found[kind])))
            for cell in cells:
                connection.execute(*insert("cell", cell_columns(cell, field_id)))
            self._write_ledger(connection, slide["session_id"], ledger)
        return self._fields("id = ?", field_id)[0]

    def update_ledger(self, session_id: str, ledger: LedgerRecord) -> None:
        """Record how the frames ended that were not counted. Raises ValueError where `ledger.counted` is not the
        number of committed fields, StoreNotFound where there is no such session or it is finished."""
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            self._write_ledger(connection, session_id, ledger)

    def finish_session(self, session_id: str, ledger: LedgerRecord, reason: str, finished: datetime) -> SessionRecord:
        """Record the last ledger and why the session ended, and let its lock go. Raises as `update_ledger` does."""
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            self._write_ledger(connection, session_id, ledger)
            values = (time_text(finished), reason, session_id)
            connection.execute("UPDATE session SET finished = ?, finish_reason = ? WHERE id = ?", values)
        if lock := self._locks.pop(session_id, None):
            lock.release()
        return self.session(session_id)

    def _require_open(self, connection: sqlite3.Connection, session_id: str) -> None:
        row = connection.execute("SELECT finished FROM session WHERE id = ?", (session_id,)).fetchone()
        if row is None:
            raise StoreNotFound(f"{self.database} has no session '{session_id}'; begin one first")
        if row["finished"] is not None:
            raise StoreNotFound(f"{self.database}: session {session_id} is finished; begin a new one")

    def _write_ledger(self, connection: sqlite3.Connection, session_id: str, ledger: LedgerRecord) -> None:
        query = "SELECT count(*) FROM field JOIN slide ON slide.id = slide_id WHERE session_id = ?"
        committed = connection.execute(query, (session_id,)).fetchone()[0]
        if ledger.counted != committed:
            raise ValueError(f"the ledger says {ledger.counted} counted, but session {session_id} has {committed} fields")
        numbers = ", ".join(f"{name} = ?" for name in LEDGER_COLUMNS)
        values = (*(getattr(ledger, name) for name in LEDGER_COLUMNS), session_id)
        connection.execute(f"UPDATE session SET {numbers} WHERE id = ?", values)
        connection.execute("DELETE FROM rejection WHERE session_id = ?", (session_id,))
        for reason, frames in ledger.rejections.items():
            connection.execute(*insert("rejection", {"session_id": session_id, "reason": reason, "frames": frames}))
