from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from export.metrics import pixels
from export.metrics.confusion import confusion
from export.metrics.outcomes import Outcomes

SHAPE = (5, 7)
masks = arrays.arrays(np.bool_, SHAPE)


def test_by_hand() -> None:
    true, found = np.zeros((2, 3), bool), np.zeros((2, 3), bool)
    true[0] = True
    found[:, 0] = True
    assert pixels.compare(true, found) == Outcomes(1, 1, 2, 2)
    assert pixels.compare(true, found, known=true) == Outcomes(1, 0, 2, 0)


@given(masks, masks, masks)
def test_a_mask_is_a_confusion_of_two_classes(true: pixels.Mask, found: pixels.Mask, known: pixels.Mask) -> None:
    one = pixels.compare(true, found, known)
    whole = confusion(true.astype(int), found.astype(int), ("background", "cell"), known)
    assert one == whole.of("cell")
    assert pixels.background(one) == whole.of("background")
    assert pixels.mean_iou(one) == pytest.approx(whole.mean_iou, nan_ok=True)
    assert pixels.weighted_iou(one) == pytest.approx(whole.weighted_iou, nan_ok=True)
    assert pixels.mean_accuracy(one) == pytest.approx(whole.mean_accuracy, nan_ok=True)


@pytest.mark.parametrize(
    ("true", "found"), [(np.zeros((2, 3), bool), np.zeros((3, 2), bool)), (np.zeros((2, 3), np.uint8), np.zeros((2, 3), bool))]
)
def test_what_is_no_pair_of_masks_is_refused(true: pixels.Mask, found: pixels.Mask) -> None:
    with pytest.raises(ValueError, match="bool of one shape"):
        pixels.compare(true, found)


def test_mean_squared_error() -> None:
    true = np.array([[True, False]])
    chance = np.array([[0.5, 0.2]], np.float32)
    assert pixels.mean_squared_error(true, chance) == pytest.approx((0.25 + 0.04) / 2)
    assert pixels.mean_squared_error(true, chance, known=true) == pytest.approx(0.25)
    assert isnan(pixels.mean_squared_error(true, chance, known=np.zeros((1, 2), bool)))


@given(masks, masks)
def test_errors_of_hard_masks_are_the_share_of_wrong_pixels(true: pixels.Mask, found: pixels.Mask) -> None:
    error = pixels.mean_squared_error(true, found.astype(np.float32))
    assert error == pytest.approx(1.0 - pixels.compare(true, found).accuracy)
    assert pixels.soft_tversky(true, found.astype(np.float32)) == pytest.approx(
        pixels.compare(true, found).tversky(), nan_ok=True
    )


@given(masks, arrays.arrays(np.float32, SHAPE, elements=st.floats(0, 1, width=32)))
def test_soft_tversky_lies_between_0_and_1(true: pixels.Mask, chance: pixels.Probabilities) -> None:
    value = pixels.soft_tversky(true, chance)
    assert isnan(value) or 0.0 <= value <= 1.0 + 1e-9
