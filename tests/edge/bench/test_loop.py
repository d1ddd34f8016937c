"""`hemocam bench loop`: what it plays, and what it makes of the times."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from edge.bench.played.camera import PlayedCamera
from edge.bench.played.engine import OneEngine, TimedEngine
from edge.bench.played.measured import Figures, Watched, headless
from edge.bench.played.sitting import played_sitting
from edge.cameras.camera import EndOfFrames
from edge.counting.cell import CellClass
from tests.edge.counting.rendered import frame_of, scattered
from tests.edge.drawn import knowing, opened, red

SHAPE = (240, 320)


def test_a_picture_rests_with_noise_and_none_is_dropped() -> None:
    pictures = [np.full((48, 64, 3), level, np.uint8) for level in (90, 150)]
    with PlayedCamera(pictures, rests=3) as camera:
        frames = [camera.read() for _ in range(6)]
        with pytest.raises(EndOfFrames):
            camera.read()
    means = [float(frame.pixels.mean()) for frame in frames]
    assert np.allclose(means, [90.0] * 3 + [150.0] * 3, atol=0.5)
    assert not np.array_equal(frames[0].pixels, frames[1].pixels)
    assert [frame.sequence for frame in frames] == list(range(6))


@pytest.mark.parametrize("rests", [1, 3])
def test_the_sitting_counts_what_is_played_and_every_run_is_timed(tmp_path: Path, rests: int) -> None:
    centres = [scattered(seed, 20, SHAPE, 24.0, 1.25) for seed in range(2)]
    pictures = [frame_of(each, SHAPE, 24.0, seed=seed) for seed, each in enumerate(centres)]
    model = opened(knowing(red(centres[0], 24.0), SHAPE[1]))  # it sees the first field's cells everywhere
    engine = TimedEngine(model.engine)
    session = Watched(played_sitting(tmp_path, pictures, rests, model, engine))
    headless(session)
    ledger = session.status.ledger
    assert ledger.captured == 2 * rests
    assert ledger.counted == 2
    assert ledger.failed == ledger.dropped == 0
    assert len(engine.took_s) == len(engine.ended_s) == len(engine.cpu_s) >= ledger.counted + ledger.duplicate
    assert all(took_s > 0.0 for took_s in engine.took_s)
    assert session.status.methods[CellClass.RBC] is not None


def test_the_engine_is_supplied_once_and_stays_open() -> None:
    model = opened(knowing([], SHAPE[1]))
    engine = TimedEngine(model.engine)
    supply = OneEngine(model, engine)
    with supply.first().engine:
        pass
    assert engine.run(np.zeros((1, 32, 32, 3), np.uint8)).shape[2:] == (32, 32)
    with pytest.raises(ValueError, match="broken"):
        supply.after(ValueError("broken"), lambda _: None)  # type: ignore[arg-type]


def test_the_ratio_is_of_wall_times() -> None:
    figures = Figures(20.0, 31.0, 25.0, 26.0, 46.0, 22.0, 300, 320, {"counted": 40, "duplicate": 360})
    assert figures.ratio == 1.25
    assert replace(figures, frame_ms=40.0).ratio == 2.0
    assert figures.inferred_share == 0.8


def test_the_engine_rests_with_the_stage_where_it_may(tmp_path: Path) -> None:
    centres = [scattered(seed, 20, SHAPE, 24.0, 1.25) for seed in range(2)]
    pictures = [frame_of(each, SHAPE, 24.0, seed=seed) for seed, each in enumerate(centres)]
    model = opened(knowing(red(centres[0], 24.0), SHAPE[1]))
    runs = {}
    for rests in (False, True):
        engine = TimedEngine(model.engine)
        session = Watched(played_sitting(tmp_path / str(rests), pictures, 12, model, engine, engine_rests=rests))
        headless(session)
        assert session.status.ledger.counted == 2
        runs[rests] = len(engine.ended_s)
    assert runs[True] < runs[False]
