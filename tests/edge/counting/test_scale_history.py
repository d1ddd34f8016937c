from __future__ import annotations

import numpy as np
import pytest

from edge.counting.cell import Region
from edge.counting.field_count import Scale, ScaleSource
from edge.counting.scale_history import ScaleMedian, refine_cell_diameter


def estimate(diameter_px: float, spread: float = 0.1) -> Scale:
    return Scale(diameter_px, spread, ScaleSource.ESTIMATED)


def region(x: float, y: float, diameter_px: float = 28.0, confidence: float = 0.9, border: bool = False) -> Region:
    return Region(x, y, np.pi / 4 * diameter_px**2, lambda: np.zeros((3, 2), dtype=np.float32), confidence, border)


def test_one_bad_frame_does_not_move_the_median() -> None:
    history = ScaleMedian(5)
    for diameter in (40.0, 41.0, 80.0, 40.5):
        last = history.add(estimate(diameter))
    assert last.cell_diameter_px == pytest.approx(40.75)
    assert last.spread > 0.1


def test_old_frames_are_forgotten() -> None:
    history = ScaleMedian(3)
    for diameter in (20.0, 20.0, 20.0, 60.0, 60.0, 60.0):
        last = history.add(estimate(diameter))
    assert (last.cell_diameter_px, last.spread, len(history)) == (60.0, 0.1, 3)
    history.clear()
    assert history.add(estimate(30.0)).cell_diameter_px == 30.0
    with pytest.raises(ValueError, match="at least 1"):
        ScaleMedian(0)


def test_the_second_look_takes_cells_that_are_whole_apart_and_sure() -> None:
    good = [region(50.0 * i, 20.0, 26.0 + 0.5 * i) for i in range(8)]
    bad = [region(50.0 * i, 80.0, 14.0, 0.3) for i in range(8)] + [region(0.0, 150.0, 10.0, border=True)]
    found = refine_cell_diameter(good + bad)
    assert found is not None
    assert found.cell_diameter_px == pytest.approx(27.75, rel=0.01)


def test_too_few_cells_are_no_second_look() -> None:
    assert refine_cell_diameter([]) is None
    assert refine_cell_diameter([region(10.0 * i, 5.0) for i in range(20)]) is None
