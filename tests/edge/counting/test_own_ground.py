from __future__ import annotations

import numpy as np

from edge.counting.own_ground import SURE, with_own_ground
from edge.counting.peaks import Peaks

DIAMETER_PX = 28.0


def kept(*peaks: tuple[float, float, float], cells: tuple[tuple[float, float], ...]) -> list[bool]:
    """Which of peaks (x, y, value) stay where discs of `cells` are foreground."""
    y, x = np.mgrid[:140, :140]
    inside = np.zeros((140, 140), np.uint8)
    for cx, cy in cells:
        inside[np.hypot(x - cx, y - cy) < DIAMETER_PX / 2] = 255
    columns = np.array(peaks, np.float32).reshape(-1, 3).T
    given = Peaks(columns[0], columns[1], columns[2])
    return with_own_ground(given, np.full(len(peaks), DIAMETER_PX, np.float32), inside).tolist()


def test_a_peak_where_two_cells_touch_stands_on_nothing_of_its_own() -> None:
    pair = ((50.0, 70.0), (78.0, 70.0))
    assert kept((50, 70, 0.9), (78, 70, 0.9), (64, 70, 0.4), cells=pair) == [True, True, False]


def test_a_peak_between_four_cells_goes() -> None:
    four = ((50.0, 50.0), (78.0, 50.0), (50.0, 78.0), (78.0, 78.0))
    peaks = (*((x, y, 0.95) for x, y in four), (64.0, 64.0, 0.5))
    assert kept(*peaks, cells=four) == [True] * 4 + [False]


def test_a_cell_half_under_another_stays() -> None:
    pair = ((60.0, 70.0), (70.0, 70.0))
    assert kept((60, 70, 0.9), (70, 70, 0.4), cells=pair) == [True, True]


def test_a_sure_peak_stays_wherever_it_stands_and_a_weak_one_on_glass_goes() -> None:
    pair = ((50.0, 70.0), (78.0, 70.0))
    assert kept((50, 70, 0.9), (78, 70, 0.9), (64, 70, SURE), cells=pair)[2]
    assert kept((20, 20, 0.5), cells=pair) == [False]


def test_a_cell_at_the_border_needs_ground_only_where_the_picture_is() -> None:
    assert kept((0.0, 70.0, 0.5), cells=((0.0, 70.0),)) == [True]


def test_nothing_stays_nothing() -> None:
    assert kept(cells=()) == []
