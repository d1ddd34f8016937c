from __future__ import annotations

from itertools import product

import numpy as np
import pytest

from edge.counting.cells import Cell, CellClass
from edge.counting.interval import Interval, Uncertainty, tally

KNOWN = Uncertainty(constant=1.0, border=0.25, unsure=0.5, share=0.1, below=2.0, above=1.0)


def cells(count: int, border: int = 0, unsure: int = 0) -> list[Cell]:
    outline = np.zeros((3, 2), np.float32)
    return [
        Cell(CellClass.RBC, 0.0, 0.0, 1.0, outline, 0.4 if index < unsure else 0.9, index < border) for index in range(count)
    ]


def test_both_sides_have_their_own_reach() -> None:
    # variance 1 + 4 * 0.25 + 4 * 0.5 + (0.1 * 20) ** 2 = 8
    assert KNOWN.deviation(20, 4, 4) == pytest.approx(8**0.5)
    assert KNOWN.interval(cells(20, 4, 4)) == Interval(15, 22), "20 - 5.66 and 20 + 2.83, whole cells inside"


def test_a_count_is_never_below_none() -> None:
    known = KNOWN.interval([])
    assert known.low == 0
    assert 0 in known
    assert 2 not in known


def test_what_is_doubted_widens() -> None:
    plain, *wider = (KNOWN.interval(cells(20, border, unsure)) for border, unsure in product((0, 8), (0, 8)))
    assert all(one.low <= plain.low and one.high >= plain.high and one != plain for one in wider)


def test_tally() -> None:
    assert tally(cells(7, 3, 2)) == (7, 3, 2)
    assert tally([]) == (0, 0, 0)
