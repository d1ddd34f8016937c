from __future__ import annotations

from math import isnan, nan, sqrt

import numpy as np
import pytest

pytest.importorskip("scipy", reason="pip install hemocam[export]")

from export.metrics.paired import paired_test


def test_by_hand() -> None:
    """Differences 1, 2, 3, 4, 5: mean 3, standard deviation sqrt(2.5), t = 3 / (sqrt(2.5) / sqrt(5)) = 4.2426, and for four
    degrees of freedom p = 0.0132 (Student's table: 4.604 at 0.01, 3.747 at 0.02); the 95 % quantile is 2.776."""
    test = paired_test([2, 4, 6, 8, 10], [1, 2, 3, 4, 5])
    assert test.pairs == 5
    assert test.difference == pytest.approx(3.0)
    assert test.t == pytest.approx(3.0 * sqrt(2.0))
    assert test.p == pytest.approx(0.0132, abs=1e-4)
    half = 2.7764 * sqrt(2.5) / sqrt(5)
    assert (test.low, test.high) == (pytest.approx(3 - half, abs=1e-3), pytest.approx(3 + half, abs=1e-3))


def test_against_the_formula_on_any_figures_and_the_other_way_round() -> None:
    rng = np.random.default_rng(4)
    for pairs in (2, 3, 30):
        a, b = rng.normal(0.9, 0.05, pairs), rng.normal(0.88, 0.05, pairs)
        test, other = paired_test(a.tolist(), b.tolist()), paired_test(b.tolist(), a.tolist())
        assert test.t == pytest.approx((a - b).mean() / ((a - b).std(ddof=1) / sqrt(pairs)))
        assert (other.difference, other.t, other.p) == (
            pytest.approx(-test.difference),
            pytest.approx(-test.t),
            pytest.approx(test.p),
        )
        assert (other.low, other.high) == (pytest.approx(-test.high), pytest.approx(-test.low))


def test_a_pair_without_a_value_is_left_out() -> None:
    with_gap = paired_test([1.0, nan, 3.0, 5.0], [0.5, 9.0, 2.0, nan])
    without = paired_test([1.0, 3.0], [0.5, 2.0])
    assert with_gap == without


@pytest.mark.parametrize(
    ("first", "second", "pairs"), [([], [], 0), ([1.0], [2.0], 1), ([nan], [1.0], 0), ([0.7] * 9, [0.6] * 9, 9)]
)
def test_what_cannot_be_tested_has_no_p(first: list[float], second: list[float], pairs: int) -> None:
    test = paired_test(first, second)
    assert test.pairs == pairs
    assert isnan(test.t)
    assert isnan(test.p)
    assert isnan(test.difference) == (pairs == 0)


def test_lengths_must_agree() -> None:
    with pytest.raises(ValueError, match="cannot be paired"):
        paired_test([1.0], [1.0, 2.0])
