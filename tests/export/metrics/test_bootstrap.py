from __future__ import annotations

import numpy as np
import pytest

from export.metrics.bootstrap import interval


def mean(values: object) -> float:
    return float(np.mean(values))  # type: ignore[arg-type]


def test_the_mean_of_a_normal_sample_has_its_known_interval() -> None:
    values = np.random.default_rng(0).normal(5.0, 1.0, 400).tolist()
    low, high = interval(values, mean)
    assert low < mean(values) < high
    assert high - low == pytest.approx(2 * 1.96 / 20, rel=0.15)


def test_one_field_and_equal_fields_leave_no_doubt_and_a_seed_decides() -> None:
    assert interval([3.0], mean) == (3.0, 3.0)
    assert interval([3.0] * 5, mean) == (3.0, 3.0)
    assert interval([1.0, 2.0, 9.0], mean, seed=4) == interval([1.0, 2.0, 9.0], mean, seed=4)
