"""What is recorded: sessions, slides, fields with their cells, notes and events."""

from __future__ import annotations

import secrets
import sqlite3
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timezone

from edge.record.store.errors import StoreCorrupt, StoreError, StoreNotFound
from edge.record.store.records import (
    CellRecord,
    EventRecord,
    FieldRecord,
    LedgerRecord,
    NewField,
    NewSession,
    NoteRecord,
    SessionRecord,
    SlideRecord,
)
from edge.record.store.rows import (
    LEDGER_COLUMNS,
    cell_columns,
    class_columns,
    event_record,
    field_columns,
    insert,
    note_record,
    session_columns,
    slide_record,
    time_text,
)
from edge.record.store.running import RunningLock
from edge.record.store.slide_totals import add_to_slide, take_from_slide
from edge.record.store.writer import StoreWriter

_LETTERS = "23456789abcdefghjkmnpqrstuvwxyz"  # none that is mistaken for another when read aloud or copied


def new_session_id(started: datetime) -> str:
    """Such as 20261120-115302-k3f9: UTC, so that names sort as times do, and four letters against a wall clock set back."""
    suffix = "".join(secrets.choice(_LETTERS) for _ in range(4))
    return f"{started.astimezone(timezone.utc):%Y%m%d-%H%M%S}-{suffix}"


class Store(StoreWriter):
    """The record in `folder` (made where it is missing), for the one thread that enters it.

    A field counts in a total once `commit_field` has returned, and not before. Every method may raise StoreError; what
    failed is then rolled back whole and the store may be used on. Leaving releases the sessions that were begun here:
    those not finished by then read as interrupted.
    """

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

    def resume_session(self, session_id: str) -> SessionRecord:
        """Go on with a session that was interrupted, and hold its lock. Its lost frames stay out of the ledger.

        Raises StoreNotFound where there is none or it is finished, StoreBusy where it is running, StoreCorrupt where its
        ledger does not fit its fields.
        """
        lock = RunningLock(self.folder, session_id)
        try:
            with self._transaction() as connection:
                self._require_open(connection, session_id)
            session, fields = self.session(session_id), self.session_totals(session_id).fields
            if session.ledger.counted != fields:
                said = f"session {session_id} has {fields} fields, but its ledger says {session.ledger.counted} were counted"
                raise StoreCorrupt(f"{self.database}: {said}; run `hemocam store repair`")
        except StoreError:
            lock.release()
            raise
        self._locks[session_id] = lock
        return self.session(session_id)

    def begin_slide(self, session_id: str, name: str, started: datetime, specimen: str | None = None) -> SlideRecord:
        """The session's next slide; of the session's specimen where no other is named.

        Raises StoreNotFound where there is no such session, or it is finished.
        """
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            number = connection.execute("SELECT count(*) + 1 FROM slide WHERE session_id = ?", (session_id,)).fetchone()[0]
            columns = {"session_id": session_id, "number": number, "name": name, "started": time_text(started)}
            if specimen is None:
                specimen = connection.execute("SELECT specimen FROM session WHERE id = ?", (session_id,)).fetchone()[0]
            columns["specimen"] = specimen
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
            if field.view is not None:
                connection.execute(*insert("field_view", {"field_id": field_id, "view": field.view}))
            add_to_slide(connection, field_id)
            self._write_ledger(connection, slide["session_id"], ledger)
        return self._fields("id = ?", field_id)[0]

    def undo_field(self, session_id: str, ledger: LedgerRecord, at: datetime) -> FieldRecord:
        """Take the last field of the session's last slide out of the totals again; it stays in the record, marked.

        `ledger` has its frame no longer among the counted. Raises StoreNotFound where that slide has no field left, or as
        `update_ledger` does, and ValueError where `ledger.counted` is not the number of fields that remain.
        """
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            row = connection.execute(
                "SELECT id FROM field WHERE undone IS NULL AND slide_id ="
                " (SELECT id FROM slide WHERE session_id = ? ORDER BY number DESC LIMIT 1) ORDER BY number DESC LIMIT 1",
                (session_id,),
            ).fetchone()
            if row is None:
                raise StoreNotFound(f"{self.database}: the slide in hand of session {session_id} has no field to undo")
            take_from_slide(connection, row["id"])
            connection.execute("UPDATE field SET undone = ? WHERE id = ?", (time_text(at), row["id"]))
            self._write_ledger(connection, session_id, ledger)
        return self._fields("id = ?", row["id"])[0]

    def add_note(self, session_id: str, text: str, written: datetime) -> NoteRecord:
        """Keep a person's words with the session's last slide and its last field. Raises as `update_ledger` does."""
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            query = "SELECT id FROM slide WHERE session_id = ? ORDER BY number DESC LIMIT 1"
            slide = connection.execute(query, (session_id,)).fetchone()
            slide_id = None if slide is None else slide["id"]
            query = "SELECT id FROM field WHERE undone IS NULL AND slide_id = ? ORDER BY number DESC LIMIT 1"
            field = connection.execute(query, (slide_id,)).fetchone()
            field_id = None if field is None else field["id"]
            columns = {"session_id": session_id, "slide_id": slide_id, "field_id": field_id, "text": text}
            note_id = connection.execute(*insert("note", {**columns, "written": time_text(written)})).lastrowid
            row = connection.execute("SELECT * FROM note WHERE id = ?", (note_id,)).fetchone()
        return note_record(row)

    def add_event(
        self, session_id: str, kind: str, text: str, at: datetime, monotonic_s: float, jump_s: float | None = None
    ) -> EventRecord:
        """Record what happened to the session: a state, a repair, `kind` "clock" with the seconds it jumped.

        Raises as `update_ledger` does.
        """
        with self._transaction() as connection:
            self._require_open(connection, session_id)
            after_field = connection.execute("SELECT max(id) FROM field").fetchone()[0]
            columns = {"session_id": session_id, "at": time_text(at), "monotonic_s": monotonic_s, "kind": kind, "text": text}
            event_id = connection.execute(*insert("event", {**columns, "jump_s": jump_s, "after_field": after_field})).lastrowid
            row = connection.execute("SELECT * FROM event WHERE id = ?", (event_id,)).fetchone()
        return event_record(row)

    def note_dropped(self, field_ids: Sequence[int], at: datetime) -> None:
        """Record that these fields' pictures are about to be deleted to make room."""
        with self._transaction() as connection:
            values = [(time_text(at), field_id) for field_id in field_ids]
            connection.executemany("UPDATE field SET image_dropped = ? WHERE id = ?", values)

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

    def _write_ledger(self, connection: sqlite3.Connection, session_id: str, ledger: LedgerRecord) -> None:
        query = "SELECT coalesce(sum(counted), 0) FROM slide WHERE session_id = ?"
        committed = connection.execute(query, (session_id,)).fetchone()[0]
        if ledger.counted != committed:
            raise ValueError(f"the ledger says {ledger.counted} counted, but session {session_id} has {committed} fields")
        numbers = ", ".join(f"{name} = ?" for name in LEDGER_COLUMNS)
        values = (*(getattr(ledger, name) for name in LEDGER_COLUMNS), session_id)
        connection.execute(f"UPDATE session SET {numbers} WHERE id = ?", values)
        connection.execute("DELETE FROM rejection WHERE session_id = ?", (session_id,))
        for reason, frames in ledger.rejections.items():
            connection.execute(*insert("rejection", {"session_id": session_id, "reason": reason, "frames": frames}))
