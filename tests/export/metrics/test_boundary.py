from __future__ import annotations

from math import hypot, isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis.extra import numpy as arrays

from export.metrics.boundary import (
    TOLERANCE,
    BoundaryMatch,
    Mask,
    boundary,
    boundary_f1,
    match_boundaries,
    tolerance_px,
)

masks = arrays.arrays(np.bool_, (9, 11))


def square(left: int, top: int, side: int, shape: tuple[int, int] = (40, 40)) -> Mask:
    mask = np.zeros(shape, bool)
    mask[top : top + side, left : left + side] = True
    return mask


def test_the_outline_of_a_square_is_its_rim() -> None:
    assert np.count_nonzero(boundary(square(10, 10, 8))) == 4 * 8 - 4


def test_the_pictures_border_is_no_outline() -> None:
    assert not boundary(np.ones((6, 6), bool)).any()
    cut = square(0, 0, 8)
    assert np.count_nonzero(boundary(cut)) == 2 * 8 - 1


def test_a_shift_within_the_tolerance_is_forgiven_and_one_beyond_is_not() -> None:
    true, found = square(10, 10, 8), square(12, 10, 8)
    assert match_boundaries(true, found, 2.0).f1 == 1.0
    # Of the 28 pixels of the rim: 7 of the 8 in the top row, 7 in the bottom row (6 lie on the other's, one beside it), and of
    # the 6 between them on each side those two of the inner side that lie next to the other's rows.
    assert match_boundaries(true, found, 1.0).f1 == pytest.approx((7 + 7 + 2) / 28)


def brute(points: Mask, others: Mask, tolerance: float) -> float:
    a, b = (np.argwhere(boundary(mask)) for mask in (points, others))
    if not len(a):
        return float("nan")
    if not len(b):
        return 0.0
    distances = np.sqrt(((a[:, None, :] - b[None, :, :]) ** 2).sum(axis=2)).min(axis=1)
    return float((distances <= tolerance).mean())


@settings(max_examples=80, deadline=None)
@given(masks, masks)
def test_against_all_distances(true: Mask, found: Mask) -> None:
    for tolerance in (0.0, 1.0, hypot(1, 2), 3.0):
        match = match_boundaries(true, found, tolerance)
        assert match.precision == pytest.approx(brute(found, true, tolerance), nan_ok=True)
        assert match.recall == pytest.approx(brute(true, found, tolerance), nan_ok=True)


@settings(max_examples=80, deadline=None)
@given(masks, masks)
def test_it_is_symmetric_between_0_and_1_and_grows_with_the_tolerance(true: Mask, found: Mask) -> None:
    one, wider = match_boundaries(true, found, 1.0).f1, match_boundaries(true, found, 2.0).f1
    assert one == pytest.approx(match_boundaries(found, true, 1.0).f1, nan_ok=True)
    assert isnan(one) or 0.0 <= one <= wider <= 1.0


@settings(max_examples=30, deadline=None)
@given(masks)
def test_a_mask_fits_itself(mask: Mask) -> None:
    f1 = boundary_f1(mask, mask)
    assert isnan(f1) if not boundary(mask).any() else f1 == 1.0


def test_the_tolerance_is_a_share_of_the_diagonal() -> None:
    assert TOLERANCE == 0.0075
    assert tolerance_px(480, 640) == pytest.approx(6.0)
    shape = (480, 640)
    true = square(100, 100, 60, shape)
    assert boundary_f1(true, square(106, 100, 60, shape)) == 1.0
    assert boundary_f1(true, square(107, 100, 60, shape)) < 1.0
    assert boundary_f1(true, square(107, 100, 60, shape), tolerance=0.01) == 1.0


def test_no_outline_on_both_sides_has_no_value_on_one_side_is_0() -> None:
    empty = np.zeros((40, 40), bool)
    assert isnan(boundary_f1(empty, empty))
    for true, found in ((empty, square(5, 5, 5)), (square(5, 5, 5), empty)):
        assert boundary_f1(true, found) == 0.0
    assert BoundaryMatch(0.0, 0.0).f1 == 0.0
    assert isnan(match_boundaries(square(5, 5, 5), empty, 1.0).precision)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        boundary_f1(np.zeros((4, 4), bool), np.zeros((4, 5), bool))
