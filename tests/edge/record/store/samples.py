"""Made-up records that the tests of the store and of the reports share."""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from math import cos, pi, sin
from pathlib import Path

import numpy as np

from edge.record.store.database import DATABASE_NAME
from edge.record.store.images import write_image
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.records import CellRecord, LedgerRecord, NewField, NewSession
from edge.record.store.schema import APPLICATION_ID
from edge.record.store.store import Store

NOON = datetime(2026, 11, 20, 11, 53, 2, tzinfo=timezone.utc)


def new_session(**changes: object) -> NewSession:
    values: dict[str, object] = {
        "started": NOON,
        "camera": "USB microscope (/dev/video0)",
        "simulated": False,
        "model": "field",
        "model_sha256": "ab" * 32,
        "runtime": "onnxruntime 1.31 CPU",
        "hemocam_version": "0.1.0",
        "hostname": "bench",
        "specimen": "S-17",
        "settings": {"counting": {"border_rule": "all"}},
    }
    return NewSession(**{**values, **changes})  # type: ignore[arg-type]


def new_field(slide_id: int, sequence: int = 0, **changes: object) -> NewField:
    values: dict[str, object] = {
        "slide_id": slide_id,
        "sequence": sequence,
        "wall_time": NOON + timedelta(seconds=sequence),
        "monotonic_s": 100.0 + sequence,
        "width_px": 640,
        "height_px": 480,
        "cell_diameter_px": 40.0,
        "cell_diameter_spread": 0.08,
        "cell_diameter_source": "estimated",
        "border_rule": "all",
        "methods": {"rbc": "centres", "wbc": "components", "plt": "components"},
        "latency_ms": 41.5,
    }
    return NewField(**{**values, **changes})  # type: ignore[arg-type]


def cell(cell_class: str = "rbc", x: float = 10.0, y: float = 20.0, diameter_px: float = 40.0, **changes: object) -> CellRecord:
    turns = [2 * pi * step / 12 for step in range(12)]
    outline = np.array([(x + diameter_px / 2 * cos(turn), y + diameter_px / 2 * sin(turn)) for turn in turns], np.float32)
    values: dict[str, object] = {
        "cell_class": cell_class,
        "x": x,
        "y": y,
        "diameter_px": diameter_px,
        "area_px": pi * diameter_px**2 / 4,
        "confidence": 0.9,
        "border": False,
        "outline": outline,
    }
    return CellRecord(**{**values, **changes})  # type: ignore[arg-type]


def cells(numbers: Mapping[str, int]) -> list[CellRecord]:
    return [cell(kind, x=50.0 * n, y=30.0 * n) for kind, number in numbers.items() for n in range(number)]


def version_one(folder: Path, fields: int = 3) -> None:
    """A record as HemoCam 0.1 wrote it: one interrupted session, one slide, fields of 2 red cells and a platelet each."""
    folder.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN")
    for statement in MIGRATIONS[0]:
        connection.execute(statement)
    connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    connection.execute("PRAGMA user_version = 1")
    connection.execute(
        "INSERT INTO session VALUES (1, '20261120-115302-old1', '2026-11-20T11:53:02.000000+00:00', 'S-1', 'Ada', '', 'usb', 0,"
        " 'field', 'ab', 'onnxruntime 1.20 CPU', NULL, '{}', '0.1.0', 'bench', ?, 0, 2, 0, 0, NULL, NULL)",
        (fields,),
    )
    connection.execute("INSERT INTO rejection VALUES ('20261120-115302-old1', 'moving', 2)")
    connection.execute("INSERT INTO slide VALUES (1, '20261120-115302-old1', 1, 'slide 1', '2026-11-20T11:53:02.000000+00:00')")
    for number in range(1, fields + 1):
        connection.execute(
            "INSERT INTO field VALUES (?, 1, ?, ?, '2026-11-20T11:53:02.000000+00:00', 1.5, NULL, 640, 480, NULL, 40.0, 0.1,"
            " 'estimated', 'all', NULL, 40.0)",
            (number, number, number),
        )
        for kind, cells_found in (("rbc", 2), ("plt", 1)):
            connection.execute("INSERT INTO field_class VALUES (?, ?, 'hough', ?, NULL, '{}')", (number, kind, cells_found))
            for each in range(cells_found):
                values = (number, kind, 9.0 * each, bytes(24))
                connection.execute("INSERT INTO cell VALUES (NULL, ?, ?, ?, 5.0, 40.0, 1250.0, 0.9, 0, NULL, ?)", values)
    connection.execute("COMMIT")
    connection.close()


def recorded(folder: Path, sessions: int = 2, fields: int = 4) -> None:
    """A finished record with all there is in one: an undone field, a note, an event, views; cells by `EACH` a field."""
    for number in range(sessions):
        with Store(folder) as store:
            session = store.begin_session(new_session(simulated=number % 2 == 1, specimen=f"S-{number}"))
            slide = store.begin_slide(session.id, "left", NOON)
            for sequence in range(fields):
                field = new_field(slide.id, sequence, view=b"view", engine="cpu", by_method={"rbc": {"hough": 7}})
                store.commit_field(field, cells(EACH), LedgerRecord(counted=sequence + 1))
            ledger = LedgerRecord(counted=fields - 1, rejected=1, rejections={"undone": 1})
            store.undo_field(session.id, ledger, NOON)
            store.add_note(session.id, "a note", NOON)
            store.add_event(session.id, "clock", "the wall clock was set", NOON, 5.0, jump_s=86400.0)
            store.finish_session(session.id, ledger, "stopped", NOON)


EACH = {"rbc": 30, "wbc": 1, "plt": 3}


def picture(folder: Path, name: str) -> str:
    """A small picture; returns its name relative to `folder`."""
    return write_image(folder, np.full((16, 16, 3), 90, np.uint8), name)
