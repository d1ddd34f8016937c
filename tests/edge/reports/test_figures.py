from __future__ import annotations

import pytest

from edge.reports.figures import per_field, poisson_interval, ratio, t_quantile


def test_mean_sd_and_interval_across_fields() -> None:
    figures = per_field([10, 12, 17])
    assert figures is not None
    assert (figures.fields, figures.cells, figures.mean) == (3, 39, 13.0)
    assert figures.sd == pytest.approx(3.6056, abs=1e-4)
    assert (figures.low, figures.high) == pytest.approx((4.043, 21.957), abs=1e-3)


def test_no_fields_is_unknown_and_one_has_no_sd() -> None:
    assert per_field([]) is None
    one = per_field([100])
    assert one is not None
    assert one.sd is None
    assert (one.low, one.high) == poisson_interval(100)


def test_an_interval_does_not_go_below_zero() -> None:
    figures = per_field([0, 0, 1])
    assert figures is not None
    assert figures.low == 0.0


@pytest.mark.parametrize(("degrees", "value"), [(1, 12.706), (30, 2.0423), (31, 2.0395), (60, 2.0003), (1000, 1.9623)])
def test_t_is_students(degrees: int, value: float) -> None:
    assert t_quantile(degrees) == pytest.approx(value, abs=5e-4)


@pytest.mark.parametrize(("count", "low", "high"), [(1, 0.025, 5.572), (10, 4.795, 18.390), (100, 81.36, 121.63)])
def test_poisson_is_close_to_the_exact_interval(count: int, low: float, high: float) -> None:
    assert poisson_interval(count) == pytest.approx((low, high), rel=0.01, abs=0.02)


def test_poisson_of_nothing_is_still_something() -> None:
    low, high = poisson_interval(0)
    assert low == 0.0
    assert high == pytest.approx(3.69, abs=0.1)


def test_ratios() -> None:
    assert ratio(2, 1224) == "1 : 612 (1.6 per 1000)"
    assert ratio(0, 1224) == "0 in 1,224"
    assert ratio(None, 5) == ratio(5, 0) == ratio(5, None) == "–"
