from __future__ import annotations

import numpy as np
import pytest

from edge.counting.cell import ClassMaps
from edge.counting.said_size import said_size
from engines.cell_size import probability_of

CANONICAL_PX = 28.0


def maps(ratios: list[float], *, size: bool = True) -> ClassMaps:
    """Discs in a row, each of its size, which its middle says; nearer to the rim the map says half of it."""
    y, x = np.mgrid[:160, : 160 * len(ratios)].astype(np.float32)
    foreground, centre = np.zeros(x.shape, np.float32), np.zeros(x.shape, np.float32)
    sizes = np.full(x.shape, 0.5, np.float32)
    for index, ratio in enumerate(ratios):
        away = np.hypot(x - 160 * index - 80, y - 80)
        inside = away < ratio * CANONICAL_PX / 2
        foreground[inside] = 0.9
        sizes[inside] = probability_of(ratio / 2)
        sizes[away < 0.3 * CANONICAL_PX] = probability_of(ratio)
        centre = np.maximum(centre, np.exp(-(away**2) / (2 * (0.12 * CANONICAL_PX) ** 2)).astype(np.float32))
    return ClassMaps(foreground, None, centre, sizes if size else None)


@pytest.mark.parametrize("ratio", [0.5, 1.0, 1.3, 2.5])
def test_the_cells_middles_say_the_size(ratio: float) -> None:
    said = said_size(maps([ratio] * 4), CANONICAL_PX)
    assert said is not None
    assert said.ratio == pytest.approx(ratio, rel=0.02)
    assert said.spread == pytest.approx(0.0, abs=0.02)
    assert said.cells == pytest.approx(4, rel=0.15)


def test_one_odd_cell_does_not_decide_and_shows_in_the_spread() -> None:
    said = said_size(maps([1.0, 1.0, 2.0, 1.0, 0.7, 0.7]), CANONICAL_PX)
    assert said is not None
    assert said.ratio == pytest.approx(1.0, rel=0.02)
    assert said.spread > 0.2


def test_nobody_says_anything_without_cells_or_channels() -> None:
    assert said_size(maps([1.0]), CANONICAL_PX) is None, "one cell is too few"
    assert said_size(maps([1.0] * 4, size=False), CANONICAL_PX) is None
    empty = np.zeros((40, 40), np.float32)
    assert said_size(ClassMaps(empty, None, empty, empty), CANONICAL_PX) is None
