from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("sklearn", reason="pip install hemocam[export]")

from export.metrics.ranking import LEVELS, Tally, roc, rocs, tally

scored = st.lists(st.tuples(st.booleans(), st.integers(0, LEVELS - 1)), min_size=2, max_size=80)


def test_by_hand() -> None:
    """Of the four pairs of a true and a false one three are in the right order."""
    curve = roc(np.array([True, False, True, False]), np.array([0.9, 0.6, 0.4, 0.1]))
    assert curve.area == pytest.approx(0.75)
    assert curve.false_positive_rate[0] == curve.true_positive_rate[0] == 0.0
    assert curve.false_positive_rate[-1] == curve.true_positive_rate[-1] == 1.0


@settings(max_examples=60, deadline=None)
@given(scored)
def test_the_area_is_the_share_of_pairs_in_the_right_order(pairs: list[tuple[bool, int]]) -> None:
    """Hanley and McNeil 1982: the area is the chance that a true one ranks above a false one, ties by half."""
    true, level = np.array([a for a, _ in pairs]), np.array([b for _, b in pairs])
    curve = roc(true, level / (LEVELS - 1.0))
    if true.all() or not true.any():
        assert isnan(curve.area)
        assert curve.false_positive_rate.size == 0
        return
    above = level[true][:, None] - level[~true][None, :]
    assert curve.area == pytest.approx(((above > 0) + 0.5 * (above == 0)).mean())
    tallied = tally(true, (level / (LEVELS - 1.0)).astype(np.float32)).roc()
    assert tallied.area == pytest.approx(curve.area)


def test_tallies_add_up_to_all_fields() -> None:
    rng = np.random.default_rng(0)
    fields = [(rng.random((20, 30)) < 0.4, rng.random((20, 30)).astype(np.float32)) for _ in range(3)]
    whole = Tally(sum(tally(true, chance).counts for true, chance in fields))
    together = roc(np.concatenate([t.ravel() for t, _ in fields]), np.concatenate([c.ravel() for _, c in fields]))
    assert whole.counts.sum() == 3 * 600
    assert whole.roc().area == pytest.approx(together.area, abs=1e-3)
    assert (tally(*fields[0]) + tally(*fields[1])).counts.sum() == 1200


def test_one_curve_a_class() -> None:
    true = np.array([0, 1, 2, 0])
    perfect = np.eye(4, dtype=np.float32)[true]
    curves = rocs(true, perfect)
    assert [curve.area for curve in curves[:3]] == [1.0, 1.0, 1.0]
    assert isnan(curves[3].area)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be ranked"):
        tally(np.zeros((2, 2), bool), np.zeros((2, 3), np.float32))
