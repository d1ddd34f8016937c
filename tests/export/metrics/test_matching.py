# what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")

from export.metrics.matching import Labelled, Matching, Missed, Wrong, match, total

SIZE, DIAMETER = (200, 300), 20.0


def labelled(*centres: tuple[float, float], size: float = DIAMETER) -> Labelled:
    at = np.array(centres, float).reshape(-1, 2)
    return Labelled(at, np.full(at.shape, size))


def matched(found: list[tuple[float, float]], labels: Labelled, white: Labelled | None = None) -> Matching:
    points = np.array(found, float).reshape(-1, 2)
    return match(points, labels, np.full(len(labels), DIAMETER / 2), SIZE, DIAMETER, white)


def test_as_many_as_can_be_belong_together_before_the_nearest() -> None:
    """The nearest pair alone (12 and 10) would leave both others without a partner."""
    matching = matched([(42.0, 50.0), (58.5, 50.0)], labelled((33.0, 50.0), (50.0, 50.0)))
    assert matching.partner.tolist() == [0, 1]
    assert (matching.tally.f1, matching.false, matching.missed) == (1.0, {}, {})


def test_what_is_further_than_half_a_diameter_is_no_match() -> None:
    matching = matched([(60.1, 50.0)], labelled((50.0, 50.0)))
    assert matching.partner.tolist() == [-1]
    assert matching.false == {0: Wrong.DEBRIS}
    assert matching.missed == {0: Missed.ALONE}


def test_why_a_found_cell_is_none() -> None:
    white = labelled((150.0, 100.0), size=40.0)
    labels = labelled((50.0, 50.0))
    found = [(50.0, 50.0), (55.0, 50.0), (155.0, 100.0), (250.0, 150.0), (250.0, 5.0)]
    assert matched(found, labels, white).false == {
        1: Wrong.DOUBLE, 2: Wrong.IN_WHITE, 3: Wrong.DEBRIS, 4: Wrong.BORDER,
    }  # fmt: skip


def test_why_a_labelled_cell_was_missed() -> None:
    missed = matched([], labelled((50.0, 50.0), (60.0, 50.0), (5.0, 100.0), (200.0, 100.0))).missed
    assert missed == {0: Missed.OVERLAP, 1: Missed.OVERLAP, 2: Missed.BORDER, 3: Missed.ALONE}


def test_a_cell_inside_that_is_matched_with_a_label_outside_is_not_false() -> None:
    matching = matched([(12.0, 100.0)], labelled((8.0, 100.0)))
    assert (matching.tally.labelled, matching.tally.found, matching.tally.precision) == (0, 1, 1.0)
    assert matching.everywhere.f1 == 1.0


def test_a_label_inside_that_is_matched_outside_is_found() -> None:
    assert matched([(8.0, 100.0)], labelled((12.0, 100.0))).tally.recall == 1.0


def test_nothing_at_all() -> None:
    tally = matched([], labelled()).tally
    assert (tally.recall, tally.precision, tally.f1) == (1.0, 1.0, 1.0)
    assert matched([], labelled((50.0, 50.0))).tally.f1 == 0.0


def test_a_total_adds_cells_and_not_shares() -> None:
    tallies = [
        matched([(50.0, 50.0)], labelled((50.0, 50.0))).tally,
        matched([], labelled(*[(40.0 + 30 * i, 60.0) for i in range(3)])).tally,
    ]
    together = total(tallies)
    assert (together.labelled, together.matched, together.recall, together.precision) == (4, 1, 0.25, 1.0)
    assert sum(together.missed.values()) == 3


@settings(max_examples=60)
@given(st.integers(0, 10_000), st.integers(0, 25), st.integers(0, 25))
def test_every_cell_ends_once(seed: int, cells: int, labels: int) -> None:
    rng = np.random.default_rng(seed)
    found, centres = (rng.uniform((0, 0), SIZE[::-1], (number, 2)) for number in (cells, labels))
    matching = matched(found.tolist(), labelled(*centres.tolist()))
    pairs = [(row, int(column)) for row, column in enumerate(matching.partner) if column >= 0]
    assert len({column for _, column in pairs}) == len(pairs)
    assert len(pairs) + len(matching.false) == cells
    assert len(pairs) + len(matching.missed) == labels
    assert all(np.hypot(*(found[column] - centres[row])) <= DIAMETER / 2 for row, column in pairs)
    assert all(0.0 <= value <= 1.0 for value in (matching.tally.recall, matching.tally.precision, matching.tally.f1))
