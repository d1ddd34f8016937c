"""A session as tables: one row a cell, or one row a field; as CSV here, as Parquet in `edge.reports.parquet`."""

from __future__ import annotations

import csv
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TextIO

from edge.cells.shape import shape_of
from edge.record.store.reader import StoreReader
from edge.record.store.records import CELL_CLASSES, FieldRecord, SessionRecord, SlideRecord

Row = Mapping[str, object]
_STATES = ("counted", "duplicate", "rejected", "dropped", "failed")
_SESSION_COLUMNS = ("session", "simulated", "specimen", "slide", "slide_name", "field")
FIELD_COLUMNS = (
    *_SESSION_COLUMNS,
    *("sequence", "wall_time", "monotonic_s", "clock_trusted"),
    *CELL_CLASSES,
    *(f"{kind}_{end}" for kind in CELL_CLASSES for end in ("low", "high")),
    *(f"{kind}_in_frame" for kind in CELL_CLASSES),
    *("frame_area_px", "marks"),
    *(f"method_{kind}" for kind in CELL_CLASSES),
    *(f"disagreement_{kind}" for kind in CELL_CLASSES),
    *("border_rule", "cell_diameter_px", "cell_diameter_spread", "cell_diameter_source", "um_per_px", "calibration"),
    *("source", "width_px", "height_px", "focus", "latency_ms", "image", "image_dropped", "undone"),
    *("camera", "model", "model_sha256", "runtime", "engine", "classifier"),
)
CELL_COLUMNS = (
    *_SESSION_COLUMNS,
    *("class", "x", "y", "diameter_px", "diameter_um", "area_px", "confidence", "border", "type", "type_probability"),
    *("circularity", "elongation"),
)
SESSION_COLUMNS = (
    *("session", "simulated", "specimen", "operator", "note", "state", "started", "finished", "finish_reason"),
    *("clock_trusted", "boot_id", "fields", "fields_undone"),
    *CELL_CLASSES,
    *("captured", *_STATES),
    *("um_per_px", "camera", "model", "model_sha256", "runtime", "hemocam_version", "hostname"),
)
_CELL_FACTS = {"class": "cell_class"}
_SHAPE = ("circularity", "elongation")
"""Of a cell that the border cuts nobody knows them."""
NOTE_COLUMNS = ("session", "slide", "field", "written", "text")
EVENT_COLUMNS = ("session", "at", "monotonic_s", "kind", "text", "jump_s", "after_field")


def write_fields(store: StoreReader, session_id: str, stream: TextIO, including_undone: bool = False) -> None:
    """One row a field. What is unknown is an empty cell, never 0. Open `stream` with newline=\"\" and UTF-8."""
    with store.snapshot():
        write_rows(stream, FIELD_COLUMNS, field_rows(store, store.session(session_id), including_undone))


def write_cells(store: StoreReader, session_id: str, stream: TextIO, including_undone: bool = False) -> None:
    """One row a cell. Open `stream` with newline=\"\" and UTF-8."""
    with store.snapshot():
        write_rows(stream, CELL_COLUMNS, cell_rows(store, store.session(session_id), including_undone))


def write_rows(stream: TextIO, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """Rows as CSV with a head line, times in ISO 8601, yes and no as 1 and 0, six decimals."""
    writer = csv.DictWriter(stream, columns)
    writer.writeheader()
    writer.writerows({name: _csv_value(value) for name, value in row.items()} for row in rows)


def session_row(store: StoreReader, session: SessionRecord) -> Row:
    totals = store.session_totals(session.id)
    row = {name: getattr(session, name) for name in SESSION_COLUMNS if hasattr(session, name)}
    row |= {name: getattr(session.ledger, name) for name in ("captured", *_STATES)}
    row |= {kind: totals.cells.get(kind) for kind in CELL_CLASSES}
    undone = store.undone(session.id)
    return {**row, "session": session.id, "state": session.state.value, "fields": totals.fields, "fields_undone": undone}


def field_rows(store: StoreReader, session: SessionRecord, including_undone: bool = False) -> Iterator[Row]:
    for slide in store.slides(session.id):
        for field in store.slide_fields(slide.id, including_undone):
            row = {name: getattr(field, name) for name in FIELD_COLUMNS if hasattr(field, name)}
            row |= {name: getattr(session, name) for name in ("camera", "model", "model_sha256", "runtime")}
            for kind in CELL_CLASSES:
                row[kind] = field.counts.get(kind)
                row[f"{kind}_low"], row[f"{kind}_high"] = field.intervals.get(kind, (None, None))
                row[f"{kind}_in_frame"] = field.in_frame.get(kind)
                row[f"method_{kind}"] = field.methods.get(kind)
                row[f"disagreement_{kind}"] = field.disagreement.get(kind)
            yield {**row, "marks": "; ".join(field.marks), **_start(session, slide, field)}


def cell_rows(
    store: StoreReader, session: SessionRecord, including_undone: bool = False, outlines: bool = False
) -> Iterator[Row]:
    """With `outlines` also `outline_x` and `outline_y`, in pixels."""
    for slide in store.slides(session.id):
        for field in store.slide_fields(slide.id, including_undone):
            start = _start(session, slide, field)
            for cell in store.cells(field.id):
                values = {name: getattr(cell, _CELL_FACTS.get(name, name)) for name in CELL_COLUMNS[len(start) : -len(_SHAPE)]}
                found = None if cell.border else shape_of(cell.outline)
                values |= {name: None if found is None else getattr(found, name) for name in _SHAPE}
                shape = {"outline_x": cell.outline[:, 0].tolist(), "outline_y": cell.outline[:, 1].tolist()} if outlines else {}
                yield {**start, **values, **shape}


def note_rows(store: StoreReader, session: SessionRecord) -> Iterator[Row]:
    slides = {slide.id: slide.number for slide in store.slides(session.id)}
    numbers = {field.id: field.number for field in store.session_fields(session.id, including_undone=True)}
    for note in store.notes(session.id):
        where = {"slide": slides.get(note.slide_id or -1), "field": numbers.get(note.field_id or -1)}
        yield {"session": session.id, **where, "written": note.written, "text": note.text}


def event_rows(store: StoreReader, session: SessionRecord) -> Iterator[Row]:
    """`after_field` as slide.field, the session's last one before it."""
    labels = FieldLabels(store.slides(session.id), store.session_fields(session.id, including_undone=True))
    for event in store.events(session.id):
        row = {name: getattr(event, name) for name in EVENT_COLUMNS if hasattr(event, name)}
        yield {**row, "session": session.id, "after_field": labels.up_to(event.after_field)}


class FieldLabels:
    """A session's fields as people name them: slide.field."""

    def __init__(self, slides: Iterable[SlideRecord], fields: Iterable[FieldRecord]) -> None:
        """Of all slides and all fields of a session, the undone ones among them."""
        numbers = {slide.id: slide.number for slide in slides}
        ordered = sorted(fields, key=lambda field: field.id)
        self._ids = [field.id for field in ordered]
        self._labels = [f"{numbers[field.slide_id]}.{field.number}" for field in ordered]

    def up_to(self, field_id: int | None) -> str | None:
        """The session's last field up to this one of the record; None where it had none yet."""
        place = bisect_right(self._ids, field_id or 0)
        return self._labels[place - 1] if place else None


def _start(session: SessionRecord, slide: SlideRecord, field: FieldRecord) -> dict[str, object]:
    values = (session.id, session.simulated, slide.specimen, slide.number, slide.name, field.number)
    return dict(zip(_SESSION_COLUMNS, values, strict=True))


def _csv_value(value: object) -> object:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, float):
        return round(value, 6)
    return _safe(value) if isinstance(value, str) else value


def _safe(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n")) else text
