from __future__ import annotations

import pytest

from edge.counting.cell import CellClass, Method
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from tests.edge.fields import cell


def counted(chosen: int, *others: int) -> FieldCount:
    numbers = dict(zip(Method, (chosen, *others), strict=False))
    cells = tuple(cell(x=float(index)) for index in range(chosen))
    scale = Scale(20.0, 0.0, ScaleSource.GIVEN)
    return FieldCount(cells, 64, 48, scale, BorderRule.ALL, {CellClass.RBC: Method.CENTRES}, {CellClass.RBC: numbers}, {})


def test_a_class_that_was_not_looked_for_is_absent_not_zero() -> None:
    assert counted(3, 3).counts == {CellClass.RBC: 3}


@pytest.mark.parametrize(
    ("numbers", "disagreement", "doubtful"),
    [
        ((100, 100, 100, 100, 20), 0.0, False),  # one method that fails is no doubt
        ((100, 98, 70, 72, 101), 0.28, True),
        ((10, 9, 8, 10, 9), 0.1, False),
        ((4, 3, 2, 4, 2), 0.5, False),  # two cells of four
        ((0, 0, 0, 0, 0), 0.0, False),
        ((0, 9, 9, 9, 0), 9.0, True),
    ],
)
def test_disagreement_is_the_middle_half_of_the_methods(numbers: tuple[int, ...], disagreement: float, doubtful: bool) -> None:
    count = counted(*numbers)
    assert count.disagreement[CellClass.RBC] == pytest.approx(disagreement)
    assert (CellClass.RBC in count.doubtful) is doubtful
