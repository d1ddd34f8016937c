from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.crop import Cropping, View, balanced, crop

CELL = Cropping(side_px=64, diameters=2.0)


def field(x: float, y: float, radius: float, size: tuple[int, int] = (240, 320)) -> np.ndarray:
    """White glass with one red disc."""
    pixels = np.full((*size, 3), 235, np.uint8)
    cv2.circle(pixels, (round(x * 16), round(y * 16)), round(radius * 16), (200, 90, 90), -1, cv2.LINE_AA, 4)
    return pixels


def middle_of(cut: np.ndarray, below: int = 160) -> tuple[float, float]:
    y, x = np.nonzero(cut[..., 1] < below)
    return float(x.mean()), float(y.mean())


@given(st.floats(60, 260), st.floats(60, 180), st.floats(30, 60))
def test_the_cell_lies_in_the_middle_at_the_fields_scale(x: float, y: float, diameter_px: float) -> None:
    cut = crop(field(x, y, diameter_px / 2), x, y, diameter_px, CELL)
    assert cut.shape == (64, 64, 3)
    assert middle_of(cut) == pytest.approx((31.5, 31.5), abs=1.2)
    assert (cut[..., 1] < 160).sum() == pytest.approx(np.pi / 4 * 32**2, rel=0.12), "half as wide as the crop"


def test_a_small_cell_looks_small() -> None:
    small, large = (crop(field(160, 120, radius), 160, 120, 40.0, CELL) for radius in (12, 24))
    assert (large[..., 1] < 160).sum() == pytest.approx(4 * (small[..., 1] < 160).sum(), rel=0.1)


def test_over_the_border_it_is_mirrored() -> None:
    cut = crop(field(0, 120, 20), 0.0, 120, 40.0, CELL)
    assert (cut[..., 1] < 160).sum() == pytest.approx(np.pi / 4 * 32**2, rel=0.15)
    assert crop(field(10, 10, 5, (20, 20)), 10, 10, 60.0, CELL).shape == (64, 64, 3), "wider than the field"


@pytest.mark.parametrize(("x", "y"), [(3.0, 100.0), (317.0, 236.0), (160.0, 1.0), (160.0, 120.0)])
def test_a_part_of_the_field_gives_the_same_crop_as_all_of_it(monkeypatch: pytest.MonkeyPatch, x: float, y: float) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (240, 320, 3), dtype=np.uint8)
    part = crop(pixels, x, y, 60.0, CELL, view=View(turn=0.4))
    monkeypatch.setattr("engines.crop._part", lambda field, warp, side_px, zoom: (field, warp))
    whole = crop(pixels, x, y, 60.0, CELL, view=View(turn=0.4))
    assert np.abs(part.astype(int) - whole).max() <= 2


def test_a_view_is_shifted_enlarged_turned_and_mirrored() -> None:
    pixels = field(160, 120, 20)
    cv2.circle(pixels, (150, 120), 6, (60, 10, 10), -1)  # a nucleus on its left
    assert middle_of(crop(pixels, 160, 120, 40.0, CELL), 50)[0] < 28
    assert middle_of(crop(pixels, 160, 120, 40.0, CELL, view=View(mirror=True)), 50)[0] > 35
    assert middle_of(crop(pixels, 160, 120, 40.0, CELL, view=View(turn=np.pi / 2)), 50)[1] < 28
    assert middle_of(crop(pixels, 160, 120, 40.0, CELL, view=View(shift=(0.25, 0.0))))[0] == pytest.approx(23.5, abs=1.2)
    larger = crop(pixels, 160, 120, 40.0, CELL, view=View(zoom=1.4))
    assert (larger[..., 1] < 160).sum() == pytest.approx(1.4**2 * np.pi / 4 * 32**2, rel=0.1)


def test_masked_all_but_the_cell_is_black() -> None:
    outline = np.array([[140, 100], [180, 100], [180, 140], [140, 140]], np.float32)
    cut = crop(field(160, 120, 40), 160, 120, 40.0, Cropping(64, 2.0, masked=True), outline)
    assert not cut[:14].any()
    assert cut[20:44, 20:44].all()


def test_empty_glass_is_white_before_cells_are_cut() -> None:
    yellow = np.full((40, 40, 3), (230, 200, 140), np.uint8)
    assert np.ptp(balanced(yellow)[0, 0].astype(int)) <= 2
