"""A frame is checked once at the door and cannot be changed afterwards."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge.frame import Frame


def test_pixels_are_shared_but_read_only() -> None:
    pixels = np.zeros((4, 6, 3), np.uint8)
    frame = Frame(pixels, 0, "camera")
    assert (frame.height_px, frame.width_px) == (4, 6)
    with pytest.raises(ValueError, match="read-only"):
        frame.pixels[0, 0, 0] = 1


@pytest.mark.parametrize(
    "pixels",
    [
        np.zeros((4, 6), np.uint8),
        np.zeros((4, 6, 4), np.uint8),
        np.zeros((4, 6, 3), np.float32),
        np.zeros((0, 6, 3), np.uint8),
        np.zeros((4, 0, 3), np.uint8),
    ],
    ids=["grey", "four channels", "floats", "no rows", "no columns"],
)
def test_other_arrays_are_refused(pixels: Any) -> None:
    with pytest.raises(ValueError, match="height, width, 3"):
        Frame(pixels, 0, "camera")


@pytest.mark.parametrize("um_per_px", [0.0, -0.1, float("nan")])
def test_a_scale_must_be_positive(um_per_px: float) -> None:
    with pytest.raises(ValueError, match="um_per_px must be positive"):
        Frame(np.zeros((4, 6, 3), np.uint8), 0, "camera", um_per_px)


def test_time_goes_forward_and_has_a_zone() -> None:
    first, second = (Frame(np.zeros((1, 1, 3), np.uint8), n, "camera") for n in range(2))
    assert second.monotonic_s >= first.monotonic_s
    assert first.wall_time.utcoffset() is not None
