"""A session as CSV: one row a cell, or one row a field."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from typing import TextIO

from edge.storage.reader import StoreReader
from edge.storage.records import CELL_CLASSES, FieldRecord, SessionRecord, SlideRecord

_SESSION_COLUMNS = ("session", "simulated", "specimen", "slide", "slide_name", "field")
FIELD_COLUMNS = (
    *_SESSION_COLUMNS,
    *("sequence", "wall_time", "monotonic_s"),
    *CELL_CLASSES,
    *(f"method_{kind}" for kind in CELL_CLASSES),
    *(f"disagreement_{kind}" for kind in CELL_CLASSES),
    *("border_rule", "cell_diameter_px", "cell_diameter_spread", "cell_diameter_source", "um_per_px"),
    *("width_px", "height_px", "focus", "latency_ms", "image", "camera", "model", "model_sha256", "runtime"),
)
CELL_COLUMNS = (
    *_SESSION_COLUMNS,
    *("class", "x", "y", "diameter_px", "diameter_um", "area_px", "confidence", "border"),
)


def write_fields(store: StoreReader, session_id: str, stream: TextIO) -> None:
    """One row a field. What is unknown is an empty cell, never 0. Open `stream` with newline=\"\" and UTF-8."""
    writer = csv.DictWriter(stream, FIELD_COLUMNS)
    writer.writeheader()
    with store.snapshot():
        session = store.session(session_id)
        slides = {slide.id: slide for slide in store.slides(session.id)}
        for field in store.session_fields(session.id):
            writer.writerow(_safe_row(_field_row(session, slides[field.slide_id], field)))


def write_cells(store: StoreReader, session_id: str, stream: TextIO) -> None:
    """One row a cell. Open `stream` with newline=\"\" and UTF-8."""
    writer = csv.DictWriter(stream, CELL_COLUMNS)
    writer.writeheader()
    with store.snapshot():
        session = store.session(session_id)
        slides = {slide.id: slide for slide in store.slides(session.id)}
        for field in store.session_fields(session.id):
            start = _start(session, slides[field.slide_id], field)
            for cell in store.cells(field.id):
                values = {name: getattr(cell, "cell_class" if name == "class" else name) for name in CELL_COLUMNS[len(start) :]}
                writer.writerow(_safe_row({**start, **values, "border": int(cell.border)}))


def _start(session: SessionRecord, slide: SlideRecord, field: FieldRecord) -> dict[str, object]:
    values = (session.id, int(session.simulated), session.specimen, slide.number, slide.name, field.number)
    return dict(zip(_SESSION_COLUMNS, values, strict=True))


def _field_row(session: SessionRecord, slide: SlideRecord, field: FieldRecord) -> dict[str, object]:
    row = {name: getattr(field, name) for name in FIELD_COLUMNS if hasattr(field, name)}
    row |= {name: getattr(session, name) for name in ("camera", "model", "model_sha256", "runtime")}
    for kind in CELL_CLASSES:
        row[kind] = field.counts.get(kind)
        row[f"method_{kind}"] = field.methods.get(kind)
        row[f"disagreement_{kind}"] = field.disagreement.get(kind)
    return {**row, "wall_time": field.wall_time.isoformat(), **_start(session, slide, field)}


def _safe_row(row: Mapping[str, object]) -> dict[str, object]:
    return {name: _safe(value) if isinstance(value, str) else value for name, value in row.items()}


def _safe(text: str) -> str:
    """Text that a spreadsheet would run as a formula gets an apostrophe before it (OWASP, CSV injection)."""
    return f"'{text}" if text.lstrip().startswith(("=", "+", "-", "@")) or text.startswith(("\t", "\r", "\n")) else text
