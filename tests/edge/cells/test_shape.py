from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cells.shape import shape_of


def ellipse(long_px: float, wide_px: float, turn: float = 0.0, points: int = 60) -> np.ndarray:
    t = np.linspace(0.0, 2.0 * np.pi, points, endpoint=False)
    x, y = long_px / 2 * np.cos(t), wide_px / 2 * np.sin(t)
    c, s = np.cos(turn), np.sin(turn)
    return np.stack([50 + c * x - s * y, 60 + s * x + c * y], axis=1).astype(np.float32)


@given(st.floats(10, 80), st.floats(1.0, 3.0), st.floats(0, np.pi))
def test_elongation_is_the_ratio_of_the_axes_whichever_way_it_lies(wide_px: float, ratio: float, turn: float) -> None:
    found = shape_of(ellipse(wide_px * ratio, wide_px, turn))
    assert found is not None
    assert found.elongation == pytest.approx(ratio, rel=0.01)


def test_a_disc_is_as_round_as_can_be_and_a_long_cell_is_not() -> None:
    disc, oval = shape_of(ellipse(40, 40)), shape_of(ellipse(80, 40))
    assert disc is not None
    assert oval is not None
    assert disc.circularity == pytest.approx(1.0, abs=0.01)
    assert oval.circularity == pytest.approx(4 * np.pi * (np.pi * 40 * 20) / 193.8**2, abs=0.03)


@pytest.mark.parametrize("radius_px", [10, 20, 45])
def test_an_outline_that_follows_pixels_is_round_all_the_same(radius_px: int) -> None:
    mask = np.zeros((120, 120), np.uint8)
    cv2.circle(mask, (60, 60), radius_px, 1, -1)
    (contour,), _ = cv2.findContours(mask, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = shape_of(contour[:, 0].astype(np.float32))
    assert found is not None
    assert found.circularity > 0.95
    assert found.elongation == pytest.approx(1.0, abs=0.03)


def test_spikes_cost_circularity_and_not_elongation() -> None:
    t = np.linspace(0.0, 2.0 * np.pi, 180, endpoint=False)
    r = 20.0 * (1.0 + 0.15 * np.cos(12 * t))
    burr = shape_of(np.stack([r * np.cos(t), r * np.sin(t)], axis=1).astype(np.float32))
    assert burr is not None
    assert burr.circularity < 0.9
    assert burr.elongation == pytest.approx(1.0, abs=0.01)


def test_what_holds_no_area_has_no_shape() -> None:
    assert shape_of(np.array([[1, 1], [5, 5], [9, 9]], np.float32)) is None


def test_it_does_not_matter_which_way_round_it_is_drawn_nor_where() -> None:
    one, other = shape_of(ellipse(60, 30, 0.4)), shape_of(ellipse(60, 30, 0.4)[::-1] + np.float32(500.0))
    assert one is not None
    assert other is not None
    assert (one.circularity, one.elongation) == pytest.approx((other.circularity, other.elongation), rel=1e-3)
