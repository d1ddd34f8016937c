"""`hemocam bench speed` on a network that is drawn."""

from __future__ import annotations

import numpy as np
import pytest
from typer.testing import CliRunner

from edge.bench import speed
from edge.bench.cli import app
from edge.frame import Pixels
from engines.contract import Tensor
from engines.opening import Opened
from tests.edge.drawn import drawn_logits, opened
from tests.edge.fields import discs_of, pixels_of

STAGES = {"gate", "scale", "prepare", "infer", "decode", "count", "coverage", "whole"}


@pytest.fixture
def runs() -> list[int]:
    return []


@pytest.fixture
def model(monkeypatch: pytest.MonkeyPatch, runs: list[int]) -> Opened:
    def answer(tensor: Tensor) -> Tensor:
        runs.append(1)
        return drawn_logits(discs_of(1), tensor.shape, 1.0)

    made = opened(answer)
    monkeypatch.setattr(speed, "open_model", lambda *_, **__: made)
    return made


def test_every_stage_is_timed_and_the_whole_is_at_least_each(model: Opened, runs: list[int]) -> None:
    ms, bare_ms = speed._timed(model, [pixels_of(1)], 3)
    assert set(ms) >= STAGES
    assert all(ms["whole"] >= ms[stage] > 0 for stage in STAGES)
    assert bare_ms > 0
    assert len(runs) == 2 * (3 + 2)  # each frame counted and run bare, two to warm up


def test_speed_prints_a_row_a_size(model: Opened, monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    def rendered(width_px: int, height_px: int, um_per_px: float) -> Pixels:
        return pixels_of(1)

    monkeypatch.setattr(speed, "_simulated", rendered)
    result = CliRunner().invoke(app, ["speed", "--frames", "3"], env={"COLUMNS": "200"})
    assert result.exit_code == 0, result.output
    assert "640x480 simulated" in result.output
    assert "2592x1944 simulated" in result.output
    assert "drawn fp32 on fake" in result.output
    assert "peak memory" in result.output


def test_speed_of_pictures_that_are_not_there(model: Opened) -> None:
    result = CliRunner().invoke(app, ["speed", "/nowhere/x.png"])
    assert result.exit_code != 0
    assert "/nowhere/x.png" in str(result.exception)


def test_simulated_fields_have_the_size_asked_for() -> None:
    pixels = speed._simulated(96, 64, 0.19)
    assert pixels.shape == (64, 96, 3)
    assert float(np.std(pixels)) > 1.0
