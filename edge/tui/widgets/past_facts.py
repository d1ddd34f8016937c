"""What the record says of a past field, beside its picture."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timezone

from rich.text import Text

from edge.counting.cell import CellClass
from edge.counting.field_count import ScaleSource
from edge.counting.signs import SIGNS
from edge.session.history import PastField, PastNote, PastSession
from edge.tui.widgets.gauge import sparkline, spread
from edge.tui.widgets.rows import Rows, labelled
from edge.tui.widgets.verdict import GOOD, LOOK, Said

_LABEL_COLUMNS = 9
_SPREAD_COLUMNS = 10


class PastFacts(Rows):
    """A line each, the most needed first; what does not fit at the bottom is left out."""

    def __init__(self) -> None:
        super().__init__()
        self._session: PastSession | None = None
        self._at: int | None = None
        self._fields: tuple[PastField, ...] = ()

    def show(self, session: PastSession, at: int | None, fields: tuple[PastField, ...]) -> None:
        """`at` is the index of the field that is shown among `fields`, None where there is none."""
        self._session, self._at, self._fields = session, at, fields
        self.update_rows()

    def rows(self) -> list[Text]:
        facts = () if self._session is None else self._facts(self._session)
        return [labelled(label, value, _LABEL_COLUMNS) for label, value in facts]

    def _facts(self, session: PastSession) -> Iterator[tuple[str, str]]:
        if self._at is not None:
            field = self._fields[self._at]
            yield "field", f"{self._at + 1} of {len(self._fields)} · {field.slide} no. {field.number}"
            yield "taken", _time(field.taken)
            if field.clock_trusted is False:
                yield "clock", "not set when this was taken"
            yield "fields R", self._line(self._at)
            yield "scale", f"{field.cell_diameter_px:.1f} px · {_source(field)}{_calibration(field)}"
            yield "focus", "—" if field.focus is None else f"{field.focus:.3g}"
            yield "engine", f"{field.latency_ms:.0f} ms · {field.engine or session.runtime}"
        yield "specimen", (field.specimen if self._at is not None else "") or session.specimen or "—"
        yield "camera", session.camera
        yield "model", session.model
        yield "operator", session.operator or "—"
        yield "begun", _time(session.started)
        yield "ended", f"{_time(session.finished)} · {session.finish_reason or ''}" if session.finished else session.state
        yield "session", session.id

    def _line(self, at: int) -> str:
        """The red cells of the fields up to this one; undone ones are not known to any total, so they are dots."""
        numbers = [None if each.undone else each.counts.get(CellClass.RBC) for each in self._fields[: at + 1]]
        columns = self.size.width - _LABEL_COLUMNS - 1 - _SPREAD_COLUMNS
        return f"{sparkline(numbers, columns)} {spread(numbers[-columns:])}"


class PastNotes(Rows):
    """The words that were kept with a field, as many lines as there is room for, the last ones of many."""

    def __init__(self) -> None:
        super().__init__()
        self._notes: tuple[PastNote, ...] = ()

    def show(self, notes: Sequence[PastNote]) -> None:
        self._notes = tuple(notes)
        self.update_rows()

    def rows(self) -> list[Text]:
        notes, height = self._notes, self.size.height
        lines = [Text(f" ✎ {note.written.astimezone(timezone.utc):%H:%M}  {note.text}") for note in notes]
        if len(lines) > height:
            hidden = len(lines) - height + 1
            lines = [Text(f" ✎ {hidden} earlier notes", "dim"), *lines[hidden:]]
        return lines or [Text(" no note", "dim")]


def past_verdict(field: PastField) -> Said:
    """Whether the field counts."""
    if field.undone is not None:
        return Said("↶", "UNDONE", f"in no total since {_time(field.undone)}", LOOK)
    return Said("✓", "COUNTED", "in the totals", GOOD)


def past_aside(field: PastField, missing: str | None) -> str:
    """What is wanting: its picture (`missing` says why), or cells that a repair could not read."""
    lost = ", ".join(f"{number} {SIGNS[kind].name}" for kind, number in field.cells_lost.items())
    return "; ".join(word for word in (missing, f"outlines of {lost} were lost" if lost else None) if word)


def _time(moment: datetime) -> str:
    return f"{moment.astimezone(timezone.utc):%Y-%m-%d %H:%M:%S} UTC"


def _source(field: PastField) -> str:
    """A repaired record may not know it."""
    known = {source.value: source.words for source in ScaleSource}
    return known.get(field.cell_diameter_source, field.cell_diameter_source)


def _calibration(field: PastField) -> str:
    return "" if field.um_per_px is None else f" · {field.um_per_px:g} µm/px"
