"""Reading the record, also while another process writes it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import TypeVar, cast

from edge.record.store.columns import meant
from edge.record.store.database import BUSY_TIMEOUT_S, DATABASE_NAME, connect_read_only
from edge.record.store.errors import SessionAmbiguous, StoreError, StoreNotFound, sqlite_errors, unreadable_values
from edge.record.store.meanings import picture_name
from edge.record.store.records import (
    CellRecord,
    EventRecord,
    FieldRecord,
    KeptPicture,
    NoteRecord,
    SessionRecord,
    SessionState,
    SlideRecord,
    TotalsRecord,
)
from edge.record.store.rows import (
    cell_record,
    diameter,
    event_record,
    field_record,
    in_order,
    note_record,
    session_record,
    slide_record,
    whole,
)
from edge.record.store.running import is_running
from edge.record.store.schema import require_current

AnyReader = TypeVar("AnyReader", bound="StoreReader")
Record = TypeVar("Record")
__all__ = ["BUSY_TIMEOUT_S", "DATABASE_NAME", "StoreReader"]
MOST_RECENT = 60
_OF_SLIDE = "slide_id = ?"
_OF_SESSION = "slide_id IN (SELECT id FROM slide WHERE session_id = ?)"
_STANDING = " AND undone IS NULL"


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
        connection = connect_read_only(self.database)
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
        rows = [row for row in rows if row["id"] == prefix] or rows
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
        reasons = self._rows("SELECT * FROM rejection WHERE session_id = ? ORDER BY reason", row["id"])
        with unreadable_values(self.database):
            return session_record(row, reasons, partial(is_running, self.folder))

    def slides(self, session_id: str) -> list[SlideRecord]:
        """The session's slides in order."""
        rows = self._rows("SELECT * FROM slide WHERE session_id = ? ORDER BY number", session_id)
        return self._records(slide_record, rows)

    def specimens(self, session_id: str) -> tuple[str, ...]:
        """What the session's slides are smears of, each name once, in their order; those without a name are left out."""
        return tuple(dict.fromkeys(slide.specimen for slide in self.slides(session_id) if slide.specimen))

    def interrupted_session(self, camera: str, model_sha256: str, specimen: str) -> SessionRecord | None:
        """The session to go on with: this camera's newest one, where it was interrupted and is of the same model and
        specimen; None otherwise."""
        rows = self._rows("SELECT * FROM session WHERE camera = ? ORDER BY number DESC LIMIT 1", camera)
        newest = self._session(rows[0]) if rows else None
        if newest is None or newest.state is not SessionState.INTERRUPTED:
            return None
        return newest if (newest.model_sha256, newest.specimen) == (model_sha256, specimen) else None

    def slide_fields(self, slide_id: int, including_undone: bool = False) -> list[FieldRecord]:
        """The slide's committed fields in order."""
        return self._fields(_OF_SLIDE + _STANDING * (not including_undone), slide_id)

    def session_fields(self, session_id: str, including_undone: bool = False) -> list[FieldRecord]:
        """The session's committed fields, slide by slide, in order."""
        return self._fields(_OF_SESSION + _STANDING * (not including_undone), session_id)

    def recent_fields(self, slide_id: int, most: int = MOST_RECENT) -> list[FieldRecord]:
        """The slide's last committed fields, at most so many, oldest first."""
        recent = "SELECT id FROM field WHERE slide_id = ? AND undone IS NULL ORDER BY number DESC LIMIT ?"
        return self._fields(f"id IN ({recent})", slide_id, most)

    def _fields(self, condition: str, *values: object) -> list[FieldRecord]:
        kinds: dict[int, list[sqlite3.Row]] = {}
        chosen = f"SELECT id FROM field WHERE {condition}"
        for row in self._rows(f"SELECT * FROM field_class WHERE field_id IN ({chosen})", *values):
            kinds.setdefault(row["field_id"], []).append(row)
        rows = self._rows(f"SELECT * FROM field WHERE {condition} ORDER BY slide_id, number", *values)
        return self._records(lambda row: field_record(row, kinds.get(row["id"], [])), rows)

    def views(self, slide_id: int, most: int = -1) -> list[bytes]:
        """What coverage kept of the slide's committed fields, in their order; the last `most` of them (-1: all)."""
        rows = self._rows(
            "SELECT field_view.* FROM field JOIN field_view ON field_id = field.id"
            " WHERE slide_id = ? AND undone IS NULL ORDER BY number DESC LIMIT ?",
            slide_id,
            most,
        )
        return self._records(lambda row: cast(bytes, meant("field_view", row)["view"]), rows[::-1])

    def notes(self, session_id: str) -> list[NoteRecord]:
        """The session's notes in the order they were written."""
        return self._records(note_record, self._rows("SELECT * FROM note WHERE session_id = ? ORDER BY id", session_id))

    def events(self, session_id: str) -> list[EventRecord]:
        """What happened to the session, in order."""
        return self._records(event_record, self._rows("SELECT * FROM event WHERE session_id = ? ORDER BY id", session_id))

    def undone(self, session_id: str) -> int:
        """How many of the session's committed fields were taken out of the totals again."""
        return int(self._rows(f"SELECT count(*) FROM field WHERE {_OF_SESSION} AND undone IS NOT NULL", session_id)[0][0])

    def kept_pictures(self) -> list[KeptPicture]:
        """Every picture that a field names and that was not dropped, in the order the fields were committed."""
        rows = self._rows(
            "SELECT id, image, undone IS NOT NULL AS gone FROM field"
            " WHERE image IS NOT NULL AND image_dropped IS NULL ORDER BY id"
        )
        return self._records(
            lambda row: KeptPicture(field_id=row["id"], name=picture_name(row["image"]), undone=bool(row["gone"])), rows
        )

    def last_field_ids(self, session_id: str, most: int) -> list[int]:
        """Of the session's last `most` fields, undone ones among them."""
        rows = self._rows(f"SELECT id FROM field WHERE {_OF_SESSION} ORDER BY id DESC LIMIT ?", session_id, most)
        return [row["id"] for row in rows]

    def cells(self, field_id: int) -> list[CellRecord]:
        """The field's cells in the order they were committed."""
        return self._records(cell_record, self._rows("SELECT * FROM cell WHERE field_id = ? ORDER BY id", field_id))

    def typed_cells(self, field_id: int) -> list[CellRecord]:
        """Those of them that a classifier looked at."""
        query = "SELECT * FROM cell WHERE field_id = ? AND type IS NOT NULL ORDER BY id"
        return self._records(cell_record, self._rows(query, field_id))

    def _records(self, convert: Callable[[sqlite3.Row], Record], rows: list[sqlite3.Row]) -> list[Record]:
        with unreadable_values(self.database):
            return [convert(row) for row in rows]

    def diameters(self, session_id: str, cell_class: str) -> list[tuple[float, float | None]]:
        """(px, µm or None) of the session's cells of a class that no border cuts: a cut piece has no diameter."""
        rows = self._rows(
            "SELECT diameter_px, diameter_um FROM cell WHERE cell_class = ? AND NOT border AND field_id IN"
            " (SELECT field.id FROM field JOIN slide ON slide.id = slide_id WHERE session_id = ? AND undone IS NULL)",
            cell_class,
            session_id,
        )
        return self._records(diameter, rows)

    def totals(self, slide_id: int) -> TotalsRecord:
        """What was committed to the slide and not undone."""
        return self._totals("id = ?", slide_id)

    def session_totals(self, session_id: str) -> TotalsRecord:
        """What was committed to all slides of the session and not undone."""
        return self._totals("session_id = ?", session_id)

    def _totals(self, condition: str, value: object) -> TotalsRecord:
        fields = self._rows(f"SELECT coalesce(sum(counted), 0) FROM slide WHERE {condition}", value)[0][0]
        rows = self._rows(
            "SELECT cell_class, sum(slide_class.counted) AS cells FROM slide_class"
            f" WHERE fields > 0 AND slide_id IN (SELECT id FROM slide WHERE {condition}) GROUP BY cell_class",
            value,
        )
        types = self._rows(
            "SELECT type, count(*) AS cells FROM cell WHERE type IS NOT NULL AND cell_class = 'wbc' AND field_id IN (SELECT id"
            f" FROM field WHERE undone IS NULL AND slide_id IN (SELECT id FROM slide WHERE {condition}))"
            " GROUP BY type ORDER BY type",
            value,
        )
        with unreadable_values(self.database):
            cells = in_order({row["cell_class"]: whole(row["cells"]) for row in rows})
            return TotalsRecord(fields=whole(fields), cells=cells, types={str(row["type"]): row["cells"] for row in types})
