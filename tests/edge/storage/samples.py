"""Made-up records that the tests of the store and of the reports share."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from math import cos, pi, sin

import numpy as np

from edge.storage.records import CellRecord, NewField, NewSession

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
