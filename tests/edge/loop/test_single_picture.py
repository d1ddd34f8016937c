"""Pictures on disk, counted one by one."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.cameras.camera import FrameUnreadable
from edge.commands.picture_json import as_json
from edge.counting.counter import CountingSettings, FieldCounter
from edge.frame import Pixels
from edge.loop.single_picture import CountedPicture, count_picture
from edge.optics.gate import Gate, GateSettings
from tests.edge.drawn import SHA256, drawn_logits, opened
from tests.edge.fields import DIAMETER_PX, SHAPE, discs_of, pixels_of

KEYS = {
    "source", "width", "height", "counts", "cells", "scale", "gate", "border_rule", "methods", "by_method", "model", "runtime",
    "ms", "intervals", "marks", "counting_frame", "error", "classifier", "differential",
}  # fmt: skip
CELL_KEYS = {
    "class",
    "x",
    "y",
    "diameter_px",
    "area_px",
    "border",
    "confidence",
    "type",
    "type_probability",
    "circularity",
    "elongation",
}


def counted(folder: Path, pixels: Pixels, um_per_px: float | None = None) -> CountedPicture:
    path = folder / "field.png"
    cv2.imwrite(str(path), pixels[..., ::-1])
    model = opened(lambda tensor: drawn_logits(discs_of(1), tensor.shape, 1.0))
    plan = CountingSettings(cell_diameter_px=DIAMETER_PX)
    return count_picture(path, Gate(GateSettings()), FieldCounter(model.engine, model.manifest, plan), um_per_px)


def test_a_counted_picture_as_json(tmp_path: Path) -> None:
    still = counted(tmp_path, pixels_of(1), 0.375)
    told = json.loads(json.dumps(as_json(still, "drawn", SHA256, "fake"), allow_nan=False))
    assert set(told) == KEYS
    assert told["source"] == str(tmp_path / "field.png")
    assert (told["width"], told["height"]) == (SHAPE[1], SHAPE[0])
    assert told["counts"] == {"rbc": len(discs_of(1)), "wbc": 0, "plt": 0}
    assert len(told["cells"]) == len(discs_of(1))
    assert all(set(cell) == CELL_KEYS for cell in told["cells"])
    assert {cell["class"] for cell in told["cells"]} == {"rbc"}
    assert told["scale"] == {"cell_diameter_px": 20.0, "spread": 0.0, "source": "cell-diameter-px", "um_per_px": 0.375}
    assert told["gate"]["accepted"] is True
    assert told["gate"]["reason"] is told["gate"]["advice"] is None
    assert told["model"] == {"name": "drawn", "sha256": SHA256}
    assert told["runtime"] == "fake"
    assert set(told["ms"]) >= {"read", "gate", "scale", "prepare", "infer", "decode", "count"}
    assert told["by_method"]["rbc"]["centres"] == told["counts"]["rbc"]
    x, y = min((disc.x, disc.y) for disc in discs_of(1))
    assert min(np.hypot(cell["x"] - x, cell["y"] - y) for cell in told["cells"]) < 1.5


def blurred() -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels_of(1), (0, 0), 5.0), np.uint8)


@pytest.mark.parametrize(
    ("pixels", "reason"), [(np.zeros((*SHAPE, 3), np.uint8), "black"), (blurred(), "defocused")], ids=["black", "defocused"]
)
def test_a_refused_picture_has_no_count_rather_than_none_of_any(tmp_path: Path, pixels: Pixels, reason: str) -> None:
    still = counted(tmp_path, pixels)
    assert still.count is None
    told = as_json(still, "drawn", SHA256, "fake")
    assert set(told) == KEYS
    assert told["counts"] is told["scale"] is told["border_rule"] is told["methods"] is told["by_method"] is None
    assert told["cells"] == []
    assert isinstance(told["gate"], dict)
    assert (told["gate"]["accepted"], told["gate"]["reason"]) == (False, reason)
    assert told["gate"]["advice"]


def test_an_unreadable_picture_is_named(tmp_path: Path) -> None:
    (tmp_path / "broken.png").write_bytes(b"no picture")
    model = opened(lambda tensor: drawn_logits([], tensor.shape, 1.0))
    with pytest.raises(FrameUnreadable, match=r"broken\.png"):
        count_picture(
            tmp_path / "broken.png", Gate(GateSettings()), FieldCounter(model.engine, model.manifest, CountingSettings()), None
        )
