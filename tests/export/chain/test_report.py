"""The chain's report, as a person and a program read it."""

from __future__ import annotations

import json

import numpy as np
import pytest

pytest.importorskip("torch", reason="the chain needs PyTorch: pip install hemocam[export]")

from export.chain.report import HEADINGS, ChainReport, Step
from export.parity import parity
from tests.export.test_parity import CARD, CLASSES, FRAMES, says

CROPS = [np.zeros((3, 80, 80, 3), np.uint8)]


def classified(tensor: np.ndarray) -> np.ndarray:
    return np.float32([[1.0, 0.0], [0.0, 1.0], [2.0, 0.0]])


FIELDS, CELLS = parity(says, says, FRAMES, CARD), parity(classified, classified, CROPS, CLASSES)
REPORT = ChainReport(
    "tiny", "weights.pt", "5a" * 32, 1234567, "2 frames", "a machine", ("nothing was sealed",),
    (
        Step("PyTorch", 0.5, frame_ms=12.0),
        Step("ONNX FP32", 1.0, "model-fp32.onnx", 2_000_000, 6.0, "PyTorch", FIELDS),
        Step("crops", 1.0, "model-fp16.onnx", 1_000_000, None, "ONNX FP32", CELLS, "a | b"),
    ),
)  # fmt: skip


def test_the_page_holds_every_step_and_figure() -> None:
    page = REPORT.markdown()
    lines = [line for line in page.splitlines() if line.startswith("|")]
    assert len(lines) == 2 + len(REPORT.steps)
    assert {line.replace("\\|", "").count("|") for line in lines} == {len(HEADINGS) + 1}
    assert "1,234,567 parameters, from weights.pt (sha256 5a5a5a5a5a5a…)" in page
    assert "| ONNX FP32 | model-fp32.onnx | 2.00 | 1.0 | 6 | PyTorch | 0 | 0 | 100.000 | identical |" in page
    assert "frame by frame: rbc 2; rbc 2." in page
    assert "nothing was sealed." in page


def test_the_record_holds_the_same() -> None:
    told = json.loads(REPORT.json())
    assert [step["name"] for step in told["steps"]] == ["PyTorch", "ONNX FP32", "crops"]
    assert told["steps"][1]["parity"]["equal_labels_percent"] == 100.0
    assert told["steps"][1]["parity"]["counts"] == [{"rbc": 2}, {"rbc": 2}]
    assert told["steps"][2]["parity"]["counts"] == [{"normal": 2, "target": 1}]
    assert told["steps"][2]["parity"]["counts_equal"]
    assert told["steps"][0]["parity"] is None
