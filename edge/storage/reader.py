"""Reading the record, also while another process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import TypeVar

from edge.storage.errors import SessionAmbiguous, StoreError, StoreNotFound, file_errors, sqlite_errors, unreadable_values
from edge.storage.records import CellRecord, FieldRecord, SessionRecord, SessionState, SlideRecord, TotalsRecord
from edge.storage.rows import cell_record, field_record, in_order, session_record, slide_record
from edge.storage.running import is_running
from edge.storage.schema import require_current

DATABASE_NAME = "hemocam.sqlite"
BUSY_TIMEOUT_S = 10.0
AnyReader = TypeVar("AnyReader", bound="StoreReader")
Record = TypeVar("Record")
_OF_SLIDE = "slide_id = ?"
_OF_SESSION = "slide_id IN (SELECT id FROM slide WHERE session_id = ?)"


class StoreReader:
    """The record in `folder`, used in `with`; it never creates, changes or migrates anything.

    Making the object touches nothing; entering opens the database on the thread that will use it (SQLite refuses any
    other). Entering raises StoreNotFound, StoreTooNew, StoreTooOld or StoreCorrupt; every method may raise StoreError.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.database = folder / DATABASE_NAME
        self._opened: sqlite3.Connection | None = None

    def __enter__(self: AnyReader) -> AnyReader:
        with sqlite_errors(self.database):
            self._opened = self._open()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._opened is not None:
            with sqlite_errors(self.database):
                self._opened.close()
            self._opened = None

    def _open(self) -> sqlite3.Connection:
        with file_errors(self.database):
            if not self.database.is_file():
                raise StoreNotFound(f"{self.folder} holds no record ({DATABASE_NAME}); name the folder that was logged to")
        connection = sqlite3.connect(
            f"{self.database.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None, timeout=BUSY_TIMEOUT_S
        )
        connection.row_factory = sqlite3.Row
        try:
            require_current(connection, self.database)
        except (StoreError, sqlite3.Error):
            connection.close()
            raise
        return connection

    @property
    def _connection(self) -> sqlite3.Connection:
        if self._opened is None:
            raise StoreError(f"{self.database} is not open; use the store in a `with` statement")
        return self._opened

    def _rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        with sqlite_errors(self.database):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def snapshot(self) -> Iterator[None]:
        """Everything read inside is of one instant, whatever is committed meanwhile."""
        with sqlite_errors(self.database):
            self._connection.execute("BEGIN")
        try:
            yield
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def sessions(self) -> list[SessionRecord]:
        """All sessions, the one begun last first (in the order they were begun, whatever the wall clock said)."""
        return [self._session(row) for row in self._rows("SELECT * FROM session ORDER BY number DESC")]

    def session(self, prefix: str) -> SessionRecord:
        """The session whose id is or begins with `prefix`. Raises StoreNotFound or SessionAmbiguous."""
        rows = self._rows("SELECT * FROM session WHERE substr(id, 1, ?) = ? ORDER BY number", max(1, len(prefix)), prefix)
        if len(rows) == 1:
            return self._session(rows[0])
        if not rows:
            raise StoreNotFound(f"{self.database} has no session '{prefix}'; `hemocam sessions` lists them")
        names = ", ".join(row["id"] for row in rows[:4]) + (", …" if len(rows) > 4 else "")
        raise SessionAmbiguous(f"'{prefix}' fits {len(rows)} sessions ({names}); give more of the name")

    def latest_session(self) -> SessionRecord:
        """The session begun last. Raises StoreNotFound where there is none."""
        rows = self._rows("SELECT * FROM session ORDER BY number DESC LIMIT 1")
        if not rows:
            raise StoreNotFound(f"{self.database} has no session yet; begin one with `hemocam log` or `hemocam live`")
        return self._session(rows[0])

    def _session(self, row: sqlite3.Row) -> SessionRecord:
        reasons = self._rows("SELECT reason, frames FROM rejection WHERE session_id = ? ORDER BY reason", row["id"])
        state = SessionState.FINISHED
        if row["finished"] is None:
            state = SessionState.RUNNING if is_running(self.folder, row["id"]) else SessionState.INTERRUPTED
        with unreadable_values(self.database):
            return session_record(row, {each["reason"]: each["frames"] for each in reasons}, state)

    def slides(self, session_id: str) -> list[SlideRecord]:
        """The session's slides in order."""
        rows = self._rows("SELECT * FROM slide WHERE session_id = ? ORDER BY number", session_id)
        return self._records(slide_record, rows)

    def slide_fields(self, slide_id: int) -> list[FieldRecord]:
        """The slide's committed fields in order."""
        return self._fields(_OF_SLIDE, slide_id)

    def session_fields(self, session_id: str) -> list[FieldRecord]:
        """The session's committed fields, slide by slide, in order."""
        return self._fields(_OF_SESSION, session_id)

    def _fields(self, condition: str, value: object) -> list[FieldRecord]:
        kinds: dict[int, dict[str, sqlite3.Row]] = {}
        for row in self._rows(f"SELECT * FROM field_class WHERE field_id IN (SELECT id FROM field WHERE {condition})", value):
            kinds.setdefault(row["field_id"], {})[row["cell_class"]] = row
        rows = self._rows(f"SELECT * FROM field WHERE {condition} ORDER BY slide_id, number", value)
        return self._records(lambda row: field_record(row, kinds.get(row["id"], {})), rows)

    def cells(self, field_id: int) -> list[CellRecord]:
        """The field's cells in the order they were committed."""
        return self._records(cell_record, self._rows("SELECT * FROM cell WHERE field_id = ? ORDER BY id", field_id))

    def _records(self, convert: Callable[[sqlite3.Row], Record], rows: list[sqlite3.Row]) -> list[Record]:
        with unreadable_values(self.database):
            return [convert(row) for row in rows]

    def diameters(self, session_id: str, cell_class: str) -> list[tuple[float, float | None]]:
        """(px, µm or None) of the session's cells of a class that no border cuts: a cut piece has no diameter."""
        rows = self._rows(
            "SELECT diameter_px, diameter_um FROM cell WHERE cell_class = ? AND NOT border AND field_id IN"
            " (SELECT field.id FROM field JOIN slide ON slide.id = slide_id WHERE session_id = ?)",
            cell_class,
            session_id,
        )
        return [(row["diameter_px"], row["diameter_um"]) for row in rows]

    def totals(self, slide_id: int) -> TotalsRecord:
        """What was committed to the slide."""
        return self._totals(_OF_SLIDE, slide_id)

    def session_totals(self, session_id: str) -> TotalsRecord:
        """What was committed to all slides of the session."""
        return self._totals(_OF_SESSION, session_id)

    def _totals(self, condition: str, value: object) -> TotalsRecord:
        fields = self._rows(f"SELECT count(*) FROM field WHERE {condition}", value)[0][0]
        rows = self._rows(
            "SELECT cell_class, sum(counted) AS cells FROM field_class"
            f" WHERE field_id IN (SELECT id FROM field WHERE {condition}) GROUP BY cell_class",
            value,
        )
        return TotalsRecord(fields=fields, cells=in_order({row["cell_class"]: row["cells"] for row in rows}))
