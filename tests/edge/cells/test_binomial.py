from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cells.binomial import exact_interval


@pytest.mark.parametrize(
    ("number", "percent", "low", "high"),
    [(100, 1, 0.0, 5.4), (200, 1, 0.1, 3.6), (400, 1, 0.3, 2.5), (1000, 1, 0.5, 1.8), (100, 5, 1.6, 11.3), (200, 5, 2.4, 9.0),
     (100, 10, 4.9, 17.6), (200, 10, 6.2, 15.0), (400, 10, 7.2, 13.4), (1000, 10, 8.2, 12.0)],
)  # fmt: skip
def test_it_is_rumkes_table(number: int, percent: int, low: float, high: float) -> None:
    found = exact_interval(number * percent // 100, number)
    assert [round(100.0 * end, 1) for end in found] == [low, high]


@given(st.integers(0, 300), st.integers(1, 300))
def test_it_holds_the_share_and_is_its_own_mirror(successes: int, more: int) -> None:
    number = successes + more - 1
    low, high = exact_interval(successes, number)
    if number:
        assert 0.0 <= low <= successes / number <= high <= 1.0
    mirrored = exact_interval(number - successes, number)
    assert (low, high) == pytest.approx((1.0 - mirrored[1], 1.0 - mirrored[0]), abs=1e-9)


def test_of_nothing_nothing_is_known() -> None:
    assert exact_interval(0, 0) == (0.0, 1.0)


@pytest.mark.parametrize(("successes", "number"), [(-1, 3), (4, 3)])
def test_what_is_no_share_is_refused(successes: int, number: int) -> None:
    with pytest.raises(ValueError, match="no share"):
        exact_interval(successes, number)
