"""Bringing a record's numbers into agreement again, inside one transaction; each change is told in its session's events."""

from __future__ import annotations

import sqlite3
from collections import Counter
from datetime import datetime, timezone
from time import monotonic

from edge.record.repair.rules import CANNOT_BE
from edge.record.repair.salvage import LOST, LOST_TIME
from edge.record.repair.values import Unreadable, unreadable
from edge.record.store.columns import RawText
from edge.record.store.rows import insert, time_text
from edge.record.store.slide_totals import rebuild_slides

REPAIRED = "repaired"
_UNKNOWN_SESSION = "recovered"
_COUNTED_OF = "SELECT count(*) FROM field JOIN slide ON slide.id = slide_id WHERE session_id = session.id AND undone IS NULL"


class Mending:
    """One mending of the tables in an open transaction. `told` has a line for each change."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.told: list[str] = []
        self._made: set[int] = set()  # slides that stand in for lost ones, and know of no fields

    def mend(self) -> list[str]:
        """Values first, then what belongs together, then the sums. Raises sqlite3.Error."""
        self._values()
        self._checks()
        self._parents()
        self._lost_fields()
        self._counts()
        self._ledgers()
        rebuild_slides(self._connection)
        return self.told

    def _tell(self, session_id: str | None, text: str) -> None:
        self.told.append(text if session_id is None else f"session {session_id}: {text}")
        if session_id is not None:
            now = {"at": time_text(datetime.now(timezone.utc)), "monotonic_s": monotonic()}
            self._connection.execute(*insert("event", {"session_id": session_id, **now, "kind": "repair", "text": text}))

    def _values(self) -> None:
        """Unreadable values give way to neutral ones; a cell with one is lost, for a place that is wrong is worse than none."""
        for each in list(unreadable(self._connection)):
            marks = ["CAST(? AS TEXT)" if isinstance(value, RawText) else "?" for value in each.key.values()]
            where = " AND ".join(f"{name} IS {mark}" for name, mark in zip(each.key, marks, strict=True))
            key = tuple(each.key.values())
            if not each.column:
                self._connection.execute(f"DELETE FROM {each.table} WHERE {where}", key)
            else:
                self._replace(each, where, key)
            words = (value.decode("utf-8", "replace") if isinstance(value, RawText) else str(value) for value in key)
            row = f"{each.table} {', '.join(words)}"
            self._tell(
                None, f"{row}: {each.column} {each.said}; replaced" if each.column else f"{row} could not be read; removed"
            )

    def _replace(self, each: Unreadable, where: str, key: tuple[object, ...]) -> None:
        try:
            self._connection.execute(f"UPDATE {each.table} SET {each.column} = ? WHERE {where}", (each.neutral, *key))
        except sqlite3.IntegrityError:  # the neutral number is another row's: this one can be found by nobody
            self._connection.execute(f"DELETE FROM {each.table} WHERE {where}", key)

    def _checks(self) -> None:
        """Numbers that cannot be. A session that may have been simulated counts as simulated."""
        for table, wrong, right in CANNOT_BE:
            changed = self._connection.execute(f"UPDATE {table} SET {right} WHERE {wrong}").rowcount
            if changed:
                self._tell(None, f"{changed} rows of {table} had {wrong}; set {right}")

    def _parents(self) -> None:
        """What has lost the row that it belongs to gets an empty one where that can be named, and goes where it cannot."""
        run = self._connection.execute
        now = time_text(datetime.now(timezone.utc))
        lost_slides = [
            row[0] for row in run("SELECT DISTINCT slide_id FROM field WHERE slide_id NOT IN (SELECT id FROM slide)")
        ]
        for slide_id in lost_slides:
            query = "SELECT coalesce(max(number), 0) + 1 FROM slide WHERE session_id = ?"
            number = run(query, (_UNKNOWN_SESSION,)).fetchone()[0]
            columns = {
                "id": slide_id,
                "session_id": _UNKNOWN_SESSION,
                "number": number,
                "name": f"slide {slide_id} (recovered)",
            }
            run(*insert("slide", {**columns, "started": now}))
            self._made.add(slide_id)
            self._tell(None, f"slide {slide_id} is lost; its fields are kept under session {_UNKNOWN_SESSION}")
        for row in run("SELECT DISTINCT session_id FROM slide WHERE session_id NOT IN (SELECT id FROM session)").fetchall():
            run(*insert("session", {"id": row[0], "started": now, "finished": now, "finish_reason": REPAIRED, **_NOTHING}))
            self._tell(row[0], "how this session was made is lost; only its slides are left")
        for table, column, parent in (
            ("field_class", "field_id", "field"), ("cell", "field_id", "field"), ("field_view", "field_id", "field"),
        ):  # fmt: skip
            gone = run(f"DELETE FROM {table} WHERE {column} NOT IN (SELECT id FROM {parent})").rowcount
            if gone:
                self._tell(None, f"{gone} rows of {table} belonged to fields that are lost; removed")
        for table in ("rejection", "note", "event"):
            gone = run(f"DELETE FROM {table} WHERE session_id NOT IN (SELECT id FROM session)").rowcount
            if gone:
                self._tell(None, f"{gone} rows of {table} belonged to sessions that are lost; removed")
        run("UPDATE note SET slide_id = NULL WHERE slide_id NOT IN (SELECT id FROM slide)")
        run("UPDATE note SET field_id = NULL WHERE field_id NOT IN (SELECT id FROM field)")
        run("DELETE FROM slide_class WHERE slide_id NOT IN (SELECT id FROM slide)")

    def _lost_fields(self) -> None:
        """Of a field that only the index still named, nobody knows whether it was undone. Its slide knows how many stand:
        where there are more, the last of them count as undone, for nothing may be in a total that was not counted."""
        run = self._connection.execute
        lost = run("SELECT id, slide_id FROM field WHERE border_rule = ? AND wall_time = ? ORDER BY id DESC", (LOST, LOST_TIME))
        for field_id, slide_id in lost.fetchall():
            query = "SELECT counted, (SELECT count(*) FROM field WHERE slide_id = slide.id AND undone IS NULL) FROM slide"
            counted, standing = run(f"{query} WHERE id = ?", (slide_id,)).fetchone()
            beyond = standing > counted and slide_id not in self._made
            if beyond:
                run("UPDATE field SET undone = ? WHERE id = ?", (LOST_TIME, field_id))
            run("UPDATE field SET cell_diameter_source = 'unknown', border_rule = 'unknown' WHERE id = ?", (field_id,))
            said = f"field {field_id}: how it was taken is lost; what was counted in it "
            self._tell(self._session_of(field_id), said + ("counts as undone" if beyond else "stands"))

    def _counts(self) -> None:
        """A field's committed count stands; cells that are gone are said to be lost, cells beyond it correct it."""
        run = self._connection.execute
        strays = """SELECT cell.field_id, cell.cell_class, count(*) FROM cell LEFT JOIN field_class
            ON field_class.field_id = cell.field_id AND field_class.cell_class = cell.cell_class
            WHERE field_class.field_id IS NULL GROUP BY cell.field_id, cell.cell_class"""
        for field_id, kind, cells in run(strays).fetchall():
            columns = {"field_id": field_id, "cell_class": kind, "method": "unknown", "counted": cells, "by_method": "{}"}
            run(*insert("field_class", columns))
            self._tell(self._session_of(field_id), f"field {field_id}: how its {kind} were counted is lost; {cells} are there")
        wrong = """SELECT field_class.field_id, field_class.cell_class, field_class.counted, lost, count(cell.id)
            FROM field_class LEFT JOIN cell
            ON cell.field_id = field_class.field_id AND cell.cell_class = field_class.cell_class
            GROUP BY field_class.field_id, field_class.cell_class HAVING field_class.counted != count(cell.id) + lost"""
        for field_id, kind, counted, _, cells in run(wrong).fetchall():
            right = max(counted, cells)
            query = "UPDATE field_class SET counted = ?, lost = ? WHERE field_id = ? AND cell_class = ?"
            run(query, (right, right - cells, field_id, kind))
            said = (
                f"{counted - cells} of {counted} {kind} are lost"
                if counted > cells
                else f"{cells} {kind} are there, not {counted}"
            )
            self._tell(self._session_of(field_id), f"field {field_id}: {said}")

    def _session_of(self, field_id: int) -> str:
        query = "SELECT session_id FROM slide JOIN field ON slide_id = slide.id WHERE field.id = ?"
        return str(self._connection.execute(query, (field_id,)).fetchone()[0])

    def _ledgers(self) -> None:
        """Counted is the number of fields that stand. A field that is lost was captured all the same: it is failed."""
        run = self._connection.execute
        for row in run(
            f"SELECT id, counted, ({_COUNTED_OF}) AS fields FROM session WHERE counted != ({_COUNTED_OF})"
        ).fetchall():
            session_id, told, fields = row
            lost = max(0, told - fields)
            run("UPDATE session SET counted = ?, failed = failed + ? WHERE id = ?", (fields, lost, session_id))
            self._tell(
                session_id, f"{told} fields were counted and {fields} are here" + f"; {lost} lost, now failed" * bool(lost)
            )
        sums = Counter[str]()
        for session_id, frames in run("SELECT session_id, frames FROM rejection"):
            sums[session_id] += frames
        for session_id, rejected in run("SELECT id, rejected FROM session").fetchall():
            reasons = sums[session_id]
            if reasons < rejected:
                self._add_unknown(session_id, rejected - reasons)
            elif reasons > rejected:
                run("UPDATE session SET rejected = ? WHERE id = ?", (reasons, session_id))
            if reasons != rejected:
                self._tell(session_id, f"{rejected} frames were rejected, for reasons that add up to {reasons}")

    def _add_unknown(self, session_id: str, frames: int) -> None:
        self._connection.execute(
            "INSERT INTO rejection VALUES (?, 'unknown', ?) ON CONFLICT (session_id, reason)"
            " DO UPDATE SET frames = frames + excluded.frames",
            (session_id, frames),
        )


_NOTHING = {
    **dict.fromkeys(("specimen", "operator", "camera", "model", "model_sha256", "runtime", "hemocam_version", "hostname"), ""),
    "note": "rebuilt from a damaged record", "simulated": 0, "settings": "{}",
}  # fmt: skip
