from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge.counting.cell import Cell, CellClass
from edge.counting.interval import CROWDED_RATIO, Interval, Tally, Uncertainty, tally

KNOWN = Uncertainty(constant=1.0, border=0.25, unsure=0.5, share=0.1, crowded=0.5, below=2.0, above=1.0)


def cell(x: float, y: float, confidence: float = 0.9, border: bool = False) -> Cell:
    return Cell(CellClass.RBC, x, y, 1.0, np.zeros((3, 2), np.float32), confidence, border)


def test_both_sides_have_their_own_reach() -> None:
    # variance 1 + 4 * 0.25 + 4 * 0.5 + (0.1 * 20) ** 2 + (0.5 * 2) ** 2 = 9
    of = Tally(20, 4, 4, 2)
    assert KNOWN.deviation(of) == pytest.approx(3.0)
    assert KNOWN.interval(of) == Interval(14, 23)


def test_a_count_is_never_below_none() -> None:
    known = KNOWN.interval(Tally(0, 0, 0, 0))
    assert (known.low, known.high) == (0, 1)
    assert 0 in known
    assert 2 not in known


def test_what_is_doubted_widens() -> None:
    plain, *wider = (KNOWN.interval(Tally(20, *doubts)) for doubts in product((0, 8), repeat=3))
    assert all(one.low <= plain.low and one.high >= plain.high and one != plain for one in wider)


def test_a_tally_counts_what_is_doubtful() -> None:
    near = 0.9 * CROWDED_RATIO * 20.0
    cells = [cell(50, 50), cell(50 + near, 50, 0.4), cell(100, 50, border=True), cell(100, 50 + 20, 0.3, border=True)]
    assert tally(cells, 20.0) == Tally(4, 2, 2, 2)
    assert tally([], 20.0) == Tally(0, 0, 0, 0)
