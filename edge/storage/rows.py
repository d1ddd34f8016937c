"""Between SQLite's rows and the records: both directions of one table side by side."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timezone

import numpy as np

from edge.storage.records import (
    CELL_CLASSES,
    CellRecord,
    FieldRecord,
    LedgerRecord,
    NewField,
    NewSession,
    SessionRecord,
    SessionState,
    SlideRecord,
)

LEDGER_COLUMNS = ("counted", "duplicate", "rejected", "dropped", "failed")
_SESSION_TEXTS = (
    *("specimen", "operator", "note", "camera", "model", "model_sha256", "runtime"),
    *("um_per_px", "hemocam_version", "hostname"),
)
_FIELD_NUMBERS = (
    *("slide_id", "sequence", "monotonic_s", "image", "width_px", "height_px", "um_per_px", "cell_diameter_px"),
    *("cell_diameter_spread", "cell_diameter_source", "border_rule", "focus", "latency_ms"),
)
_CELL_NUMBERS = ("cell_class", "x", "y", "diameter_px", "area_px", "confidence", "diameter_um")


def time_text(moment: datetime) -> str:
    """UTC in ISO 8601, so that texts sort as times do."""
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds")


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
    }


def session_record(row: sqlite3.Row, rejections: Mapping[str, int], state: SessionState) -> SessionRecord:
    finished = row["finished"]
    return SessionRecord(
        **{name: row[name] for name in _SESSION_TEXTS},
        id=row["id"],
        started=datetime.fromisoformat(row["started"]),
        simulated=bool(row["simulated"]),
        settings=json.loads(row["settings"]),
        state=state,
        ledger=LedgerRecord(**{name: row[name] for name in LEDGER_COLUMNS}, rejections=rejections),
        finished=None if finished is None else datetime.fromisoformat(finished),
        finish_reason=row["finish_reason"],
    )


def slide_record(row: sqlite3.Row) -> SlideRecord:
    return SlideRecord(
        id=row["id"],
        session_id=row["session_id"],
        number=row["number"],
        name=row["name"],
        started=datetime.fromisoformat(row["started"]),
    )


def field_columns(field: NewField, number: int) -> dict[str, object]:
    return {
        **{name: getattr(field, name) for name in _FIELD_NUMBERS},
        "number": number,
        "wall_time": time_text(field.wall_time),
    }


def class_columns(field: NewField, field_id: int, kind: str, counted: int) -> dict[str, object]:
    return {
        "field_id": field_id,
        "cell_class": kind,
        "method": field.methods[kind],
        "counted": counted,
        "disagreement": field.disagreement.get(kind),
        "by_method": json.dumps(dict(field.by_method.get(kind, {}))),
    }


def field_record(row: sqlite3.Row, kinds: Mapping[str, sqlite3.Row]) -> FieldRecord:
    ordered = [kinds[kind] for kind in CELL_CLASSES if kind in kinds]
    by_method = {each["cell_class"]: json.loads(each["by_method"]) for each in ordered}
    return FieldRecord(
        **{name: row[name] for name in _FIELD_NUMBERS},
        id=row["id"],
        number=row["number"],
        wall_time=datetime.fromisoformat(row["wall_time"]),
        methods={each["cell_class"]: each["method"] for each in ordered},
        disagreement={each["cell_class"]: each["disagreement"] for each in ordered if each["disagreement"] is not None},
        by_method={kind: numbers for kind, numbers in by_method.items() if numbers},
        counts={each["cell_class"]: each["counted"] for each in ordered},
    )


def cell_columns(cell: CellRecord, field_id: int) -> dict[str, object]:
    """The outline as little-endian float32 x, y, x, y, …: 8 bytes a point, exact."""
    return {
        **{name: getattr(cell, name) for name in _CELL_NUMBERS},
        "field_id": field_id,
        "border": int(cell.border),
        "outline": cell.outline.astype("<f4").tobytes(),
    }


def cell_record(row: sqlite3.Row) -> CellRecord:
    return CellRecord(
        **{name: row[name] for name in _CELL_NUMBERS},
        border=bool(row["border"]),
        outline=np.frombuffer(row["outline"], dtype="<f4").astype(np.float32).reshape(-1, 2),
    )
