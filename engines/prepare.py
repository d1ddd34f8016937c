"""From a camera's pixels to a model's tensor. Training imports this too, so that a model sees what it learnt."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.filters import Filter, filtered

Pixels = NDArray[np.uint8]

QUICK_BYTES = 2_000_000
"""Frames up to 800x800 are shrunk as floats, which takes four times their memory."""
CLIPPED = 253
"""From this value on a pixel has lost what was there (noise and JPEG leave 255 in places)."""
MOST_PX = 64_000_000
"""A frame is not brought to more pixels than this: 200 MB of RGB."""


@dataclass(frozen=True, slots=True)
class Preparation:
    """How pixels become a tensor: the manifest's `preparation`.

    Every channel is scaled so that its `white_percentile` (the empty glass, also in dense fields) becomes `white_level`;
    a gain is held within 1 / `most_gain` and `most_gain`. The frame is mirrored over its borders by
    `margin_px`, so that a cell that the border cuts looks like a whole one and is seen, and on to multiples of `multiple_px`.
    `filters` come after the white balance.
    """

    cell_diameter_px: float
    white_percentile: float = 95.0
    white_level: int = 235
    most_gain: float = 4.0
    multiple_px: int = 16
    margin_px: int = 0
    filters: tuple[Filter, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Prepared:
    """A model's input, (1, height, width, 3) uint8, and what decoding needs to lead back.

    `zoom` is prepared pixels per frame pixel; the frame lies `margin_px` from left and top and is `height_px` by `width_px`.
    `clipped` is the share of the frame that is white in all three colours, where pale cells cannot be seen.
    """

    tensor: Pixels
    zoom: float
    margin_px: int
    height_px: int
    width_px: int
    clipped: float = 0.0


def white_balance(pixels: Pixels, preparation: Preparation) -> Pixels:
    """`pixels` ((height, width, 3) uint8) with every channel's bright percentile at the white level."""
    tables = []
    for channel in range(3):
        histogram = cv2.calcHist([pixels], [channel], None, [256], [0.0, 256.0]).ravel()
        rank = preparation.white_percentile / 100.0 * pixels.shape[0] * pixels.shape[1]
        white = max(1, int(np.searchsorted(np.cumsum(histogram, dtype=np.float64), rank)))
        gain = float(np.clip(preparation.white_level / white, 1.0 / preparation.most_gain, preparation.most_gain))
        tables.append(np.clip(np.arange(256) * gain + 0.5, 0, 255).astype(np.uint8))
    return np.asarray(cv2.LUT(pixels, np.stack(tables, axis=1)[None]), np.uint8)


def prepare(pixels: Pixels, cell_diameter_px: float, preparation: Preparation) -> Prepared:
    """Bring (height, width, 3) uint8 RGB `pixels` with red cells of `cell_diameter_px` to the model's scale and white.

    Raises ValueError where the diameter is not positive or the result would be empty or above 64 megapixels.
    """
    if not cell_diameter_px > 0:
        raise ValueError(f"cell diameter must be positive, not {cell_diameter_px}")
    zoom = preparation.cell_diameter_px / cell_diameter_px
    size = (pixels.shape[0] * zoom, pixels.shape[1] * zoom)
    if not max(size) <= MOST_PX or min(height := round(size[0]), width := round(size[1])) < 1 or height * width > MOST_PX:
        raise ValueError(f"a cell diameter of {cell_diameter_px:g} px would bring this frame to {size[1]:.6g}x{size[0]:.6g} px")
    balanced = white_balance(_resized(pixels, width, height, shrink=zoom < 1), preparation)
    balanced = filtered(balanced, preparation.filters)
    margin = preparation.margin_px
    bottom, right = (margin + -(size + 2 * margin) % preparation.multiple_px for size in (height, width))
    padded = cv2.copyMakeBorder(balanced, margin, bottom, margin, right, cv2.BORDER_REFLECT)
    return Prepared(np.asarray(padded, np.uint8)[None], zoom, margin, height, width, _clipped(pixels))


def _clipped(pixels: Pixels) -> float:
    """Of every fourth pixel of every fourth row."""
    some = np.ascontiguousarray(pixels[::4, ::4])
    clipped = cv2.countNonZero(cv2.inRange(some, (CLIPPED,) * 3, (255,) * 3))
    return float(clipped / (some.shape[0] * some.shape[1]))


def _resized(pixels: Pixels, width: int, height: int, *, shrink: bool) -> Pixels:
    if not shrink:
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8)
    if pixels.size > QUICK_BYTES:
        return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    # OpenCV averages floats a quarter faster than bytes, and to the same bytes: it rounds both alike.
    averaged = cv2.resize(pixels.astype(np.float32), (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.convertScaleAbs(averaged), np.uint8)
