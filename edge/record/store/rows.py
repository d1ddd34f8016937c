"""Between SQLite's rows and the records: both directions of one table side by side."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timezone
from math import isfinite

import numpy as np

from edge.record.store.columns import meant
from edge.record.store.records import (
    CELL_CLASSES,
    CellRecord,
    EventRecord,
    FieldRecord,
    LedgerRecord,
    NewField,
    NewSession,
    NoteRecord,
    SessionRecord,
    SessionState,
    SlideRecord,
)

LEDGER_COLUMNS = ("counted", "duplicate", "rejected", "dropped", "failed")
_SESSION_TEXTS = (
    *("specimen", "operator", "note", "camera", "model", "model_sha256", "runtime"),
    *("um_per_px", "hemocam_version", "hostname", "boot_id"),
)
_SESSION_FACTS = ("id", "started", "simulated", "settings", "clock_trusted", "finished", "finish_reason")
_FIELD_NUMBERS = (
    *("slide_id", "sequence", "monotonic_s", "image", "width_px", "height_px", "um_per_px", "cell_diameter_px"),
    *("cell_diameter_spread", "cell_diameter_source", "border_rule", "focus", "latency_ms"),
    *("engine", "calibration", "frame_area_px", "source", "classifier"),
)
_FIELD_FACTS = ("id", "number", "wall_time", "clock_trusted", "undone", "image_dropped", "marks")
_CELL_NUMBERS = ("cell_class", "x", "y", "diameter_px", "area_px", "confidence", "diameter_um", "type", "type_probability")


def time_text(moment: datetime) -> str:
    """UTC in ISO 8601, so that texts sort as times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


def _from_bool(known: bool | None) -> int | None:
    return None if known is None else int(known)


def in_order(numbers: Mapping[str, int]) -> dict[str, int]:
    """By class, in the order that people read: red, white, platelets."""
    return {kind: numbers[kind] for kind in CELL_CLASSES if kind in numbers}


def insert(table: str, columns: Mapping[str, object]) -> tuple[str, tuple[object, ...]]:
    """The statement and its values; `table` and the names come from this package, never from outside."""
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})", tuple(columns.values())


def session_columns(session: NewSession) -> dict[str, object]:
    return {
        **{name: getattr(session, name) for name in _SESSION_TEXTS},
        "started": time_text(session.started),
        "simulated": int(session.simulated),
        "settings": json.dumps(dict(session.settings), ensure_ascii=False),
        "clock_trusted": _from_bool(session.clock_trusted),
    }


def session_record(row: sqlite3.Row, rejections: Sequence[sqlite3.Row], is_running: Callable[[str], bool]) -> SessionRecord:
    """`is_running` is asked with the id of a session that is not finished."""
    values = meant("session", row)
    state = SessionState.FINISHED
    if values["finished"] is None:
        state = SessionState.RUNNING if is_running(values["id"]) else SessionState.INTERRUPTED
    reasons = {each["reason"]: each["frames"] for each in (meant("rejection", row) for row in rejections)}
    return SessionRecord(
        **{name: values[name] for name in (*_SESSION_TEXTS, *_SESSION_FACTS)},
        state=state,
        ledger=LedgerRecord(**{name: values[name] for name in LEDGER_COLUMNS}, rejections=reasons),
    )


def slide_record(row: sqlite3.Row) -> SlideRecord:
    values = meant("slide", row)
    return SlideRecord(**{name: values[name] for name in ("id", "session_id", "number", "name", "started", "specimen")})


def field_columns(field: NewField, number: int) -> dict[str, object]:
    return {
        **{name: getattr(field, name) for name in _FIELD_NUMBERS},
        "number": number,
        "wall_time": time_text(field.wall_time),
        "clock_trusted": _from_bool(field.clock_trusted),
        "marks": json.dumps(field.marks, ensure_ascii=False),
    }


def class_columns(field: NewField, field_id: int, kind: str, counted: int) -> dict[str, object]:
    low, high = field.intervals.get(kind, (None, None))
    return {
        "field_id": field_id,
        "cell_class": kind,
        "low": low,
        "high": high,
        "in_frame": field.in_frame.get(kind),
        "method": field.methods[kind],
        "counted": counted,
        "disagreement": field.disagreement.get(kind),
        "by_method": json.dumps(dict(field.by_method.get(kind, {}))),
    }


def field_record(row: sqlite3.Row, classes: Sequence[sqlite3.Row]) -> FieldRecord:
    values = meant("field", row)
    kinds = {each["cell_class"]: each for each in (meant("field_class", row) for row in classes)}
    ordered = [(kind, kinds[kind]) for kind in CELL_CLASSES if kind in kinds]
    return FieldRecord(
        **{name: values[name] for name in (*_FIELD_NUMBERS, *_FIELD_FACTS)},
        methods={kind: each["method"] for kind, each in ordered},
        disagreement={kind: each["disagreement"] for kind, each in ordered if each["disagreement"] is not None},
        by_method={kind: each["by_method"] for kind, each in ordered if each["by_method"]},
        intervals={kind: (each["low"], each["high"]) for kind, each in ordered if None not in (each["low"], each["high"])},
        in_frame={kind: each["in_frame"] for kind, each in ordered if each["in_frame"] is not None},
        counts={kind: each["counted"] for kind, each in ordered},
        cells_lost={kind: each["lost"] for kind, each in ordered if each["lost"]},
    )


def note_record(row: sqlite3.Row) -> NoteRecord:
    return NoteRecord(**meant("note", row))


def event_record(row: sqlite3.Row) -> EventRecord:
    return EventRecord(**meant("event", row))


def cell_columns(cell: CellRecord, field_id: int) -> dict[str, object]:
    """The outline as little-endian float32 x, y, x, y, …: 8 bytes a point, exact."""
    return {
        **{name: getattr(cell, name) for name in _CELL_NUMBERS},
        "field_id": field_id,
        "border": int(cell.border),
        "outline": cell.outline.astype("<f4").tobytes(),
    }


def cell_record(row: sqlite3.Row) -> CellRecord:
    values = meant("cell", row)
    return CellRecord(
        **{name: values[name] for name in _CELL_NUMBERS},
        border=bool(values["border"]),
        outline=np.frombuffer(values["outline"], dtype="<f4").astype(np.float32).reshape(-1, 2),
    )


def whole(number: object) -> int:
    """A sum. Raises TypeError where SQLite found other than whole numbers to add."""
    if type(number) is not int:
        raise TypeError(f"a sum is {number!a:.40}")
    return number


def diameter(row: sqlite3.Row) -> tuple[float, float | None]:
    """Of a cell, in pixels and in µm. Raises ValueError where it is no number."""
    px, um = tuple(row)
    if type(px) is not float or type(um) not in (float, type(None)) or not (isfinite(px) and isfinite(um or 0.0)):
        raise ValueError(f"a cell's diameter is {px!a:.40}, {um!a:.40}")
    return px, um
