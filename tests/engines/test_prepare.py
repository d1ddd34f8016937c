from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from engines.prepare import Preparation, prepare, white_balance

PLAIN = Preparation(20.0)
pictures = hnp.arrays(np.uint8, st.tuples(st.integers(1, 24), st.integers(1, 24), st.just(3)))


def glass(colour: tuple[int, int, int], side_px: int = 60) -> NDArray[np.uint8]:
    """Empty glass of one colour with a darker square in the middle, a ninth of the field."""
    pixels = np.full((side_px, side_px, 3), colour, np.uint8)
    third = side_px // 3
    pixels[third : 2 * third, third : 2 * third] //= 2
    return pixels


@pytest.mark.parametrize("colour", [(200, 180, 160), (90, 90, 90), (255, 240, 100), (250, 254, 251)])
def test_glass_becomes_the_white_level_in_every_channel(colour: tuple[int, int, int]) -> None:
    balanced = white_balance(glass(colour), PLAIN)
    assert balanced[0, 0].tolist() == [235, 235, 235]
    assert balanced[30, 30] == pytest.approx(np.array(colour) // 2 * 235.0 / np.array(colour), abs=0.51)


@pytest.mark.parametrize(("dark", "expected"), [(10, 40), (58, 232), (59, 235), (1, 4)])
def test_gain_is_held_at_most_gain(dark: int, expected: int) -> None:
    assert white_balance(np.full((8, 8, 3), dark, np.uint8), PLAIN)[0, 0].tolist() == [expected] * 3


def test_gain_is_held_at_its_inverse_too() -> None:
    darker = Preparation(20.0, white_level=20, most_gain=2.0)
    assert white_balance(np.full((8, 8, 3), 200, np.uint8), darker)[0, 0].tolist() == [100] * 3


def test_black_stays_black() -> None:
    assert not white_balance(np.zeros((8, 8, 3), np.uint8), PLAIN).any()


def test_a_few_glaring_pixels_do_not_set_the_white() -> None:
    pixels = np.full((40, 40, 3), 120, np.uint8)
    pixels[0, :8] = 255
    assert white_balance(pixels, PLAIN)[20, 20].tolist() == [235] * 3


@given(pictures)
@settings(max_examples=60, deadline=None)
def test_balance_keeps_order_and_shape_and_leaves_its_input(pixels: NDArray[np.uint8]) -> None:
    before = pixels.copy()
    balanced = white_balance(pixels, PLAIN)
    assert np.array_equal(pixels, before)
    assert balanced.shape == pixels.shape
    for channel in range(3):
        rising = np.argsort(pixels[..., channel], axis=None, kind="stable")
        assert (np.diff(balanced[..., channel].ravel()[rising].astype(int)) >= 0).all()


@given(pictures)
@settings(max_examples=60, deadline=None)
def test_balance_of_a_balanced_picture_changes_nothing(pixels: NDArray[np.uint8]) -> None:
    once = white_balance(np.maximum(pixels, 60), PLAIN)
    assert np.array_equal(white_balance(once, PLAIN), once)


@given(st.integers(1, 90), st.integers(1, 90), st.floats(5.0, 80.0), st.sampled_from([1, 8, 16, 32]), st.integers(0, 20))
@settings(max_examples=60, deadline=None)
def test_sizes(height: int, width: int, diameter_px: float, multiple_px: int, margin_px: int) -> None:
    pixels = np.full((height, width, 3), 180, np.uint8)
    preparation = Preparation(20.0, multiple_px=multiple_px, margin_px=margin_px)
    zoom = 20.0 / diameter_px
    if round(height * zoom) < 1 or round(width * zoom) < 1:
        with pytest.raises(ValueError, match="cell diameter"):
            prepare(pixels, diameter_px, preparation)
        return
    prepared = prepare(pixels, diameter_px, preparation)
    assert prepared.zoom == zoom
    assert (prepared.height_px, prepared.width_px) == (round(height * zoom), round(width * zoom))
    batch, padded_height, padded_width, colours = prepared.tensor.shape
    assert (batch, colours, prepared.tensor.dtype) == (1, 3, np.uint8)
    assert padded_height % multiple_px == 0 == padded_width % multiple_px
    assert prepared.margin_px == margin_px
    assert 0 <= padded_height - prepared.height_px - 2 * margin_px < multiple_px
    assert 0 <= padded_width - prepared.width_px - 2 * margin_px < multiple_px


def test_the_margin_mirrors_the_frame() -> None:
    pixels = np.random.default_rng(0).integers(60, 230, (32, 48, 3), dtype=np.uint8)
    tensor = prepare(pixels, 20.0, Preparation(20.0, margin_px=8)).tensor[0]
    field = tensor[8:40, 8:56]
    assert tensor.shape == (48, 64, 3)
    assert np.array_equal(tensor[:8, 8:56], field[:8][::-1])
    assert np.array_equal(tensor[8:40, :8], field[:, :8][:, ::-1])
    assert np.array_equal(tensor[40:, 8:56], field[-8:][::-1])
    assert np.array_equal(tensor[8:40, 56:], field[:, -8:][:, ::-1])


def test_padding_mirrors_the_last_rows_and_columns() -> None:
    pixels = np.random.default_rng(0).integers(60, 230, (37, 50, 3), dtype=np.uint8)
    prepared = prepare(pixels, 20.0, PLAIN)
    field = prepared.tensor[0, :37, :50]
    assert prepared.tensor.shape == (1, 48, 64, 3)
    assert np.array_equal(field, white_balance(pixels, PLAIN))
    assert np.array_equal(prepared.tensor[0, 37:, :50], field[-11:][::-1])
    assert np.array_equal(prepared.tensor[0, :37, 50:], field[:, -14:][:, ::-1])


@pytest.mark.parametrize("diameter_px", [0.0, -3.0, float("nan"), float("inf"), 1e9, 1e-3, 1e-300, 5e-324])
def test_a_diameter_that_leads_nowhere_is_refused(diameter_px: float) -> None:
    with pytest.raises(ValueError, match="cell diameter"):
        prepare(np.full((480, 640, 3), 200, np.uint8), diameter_px, PLAIN)


@pytest.mark.parametrize("shape", [(0, 10, 3), (10, 0, 3)])
def test_an_empty_picture_is_refused(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="cell diameter"):
        prepare(np.zeros(shape, np.uint8), 20.0, PLAIN)


def test_it_tells_how_much_of_the_frame_is_clipped() -> None:
    pixels = np.full((80, 100, 3), 200, np.uint8)
    assert prepare(pixels, 20.0, Preparation(20.0)).clipped == 0.0
    pixels[:, :50] = 255
    assert prepare(pixels, 20.0, Preparation(20.0)).clipped == pytest.approx(0.5, abs=0.03)
    pixels[..., 0] = 200
    assert prepare(pixels, 20.0, Preparation(20.0)).clipped == 0.0, "one colour still says something"
