"""How far the slide moved between two frames."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import hypot, inf
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Pixels

THUMBNAIL_WIDTH_PX = 160
# Share of the correlation's energy at its peak (cv2.phaseCorrelate). Real frames of one field a third of its width apart
# have 0.34 (5th percentile), half its width apart 0.1; different fields 0.05 in the median, 0.15 at the 95th percentile.
MIN_RESPONSE = 0.2
# Standard deviation of a flattened thumbnail under which nothing is in view: noise of 8 levels gives 0.003, one cell of a
# sixteenth of the width 0.02.
MIN_TEXTURE = 0.008


@dataclass(frozen=True, slots=True)
class Motion:
    """What is now at (x, y) was at (x - dx_px, y - dy_px) one frame before, in frame pixels; both are infinite where the
    slide moved too far to say. `response` (about 0..1) is how clearly the shift stands out."""

    dx_px: float
    dy_px: float
    response: float

    @property
    def distance_px(self) -> float:
        return hypot(self.dx_px, self.dy_px)


class MotionMeter:
    """Measures each frame against the one before, which it keeps as a thumbnail."""

    def __init__(self) -> None:
        self._before: NDArray[Any] | None = None

    def measure(self, pixels: Pixels) -> Motion | None:
        """The shift of (height, width, 3) uint8 RGB since the frame before, to about a tenth of a thumbnail's pixel.

        None where it cannot be known: the first frame, a change of size, or nothing in view now and before. Where no shift
        stands out although something is in view, the slide has moved on by half a field or more: the shift is infinite.
        Phase correlation after Kuglin and Hines, 1975.
        """
        now = _thumbnail(pixels)
        before, self._before = self._before, now
        if before is None or before.shape != now.shape:
            return None
        if max(_deviation(before), _deviation(now)) < MIN_TEXTURE:
            return None
        (dx, dy), response = cv2.phaseCorrelate(before, now, _window(now.shape[1], now.shape[0]))
        if response < MIN_RESPONSE:
            return Motion(inf, inf, float(response))
        scale = pixels.shape[1] / THUMBNAIL_WIDTH_PX
        return Motion(dx * scale, dy * scale, float(response))


@lru_cache(maxsize=4)
def _window(width: int, height: int) -> NDArray[Any]:
    return np.asarray(cv2.createHanningWindow((width, height), cv2.CV_32F))


def _deviation(picture: NDArray[Any]) -> float:
    return float(cv2.meanStdDev(picture)[1][0, 0])


def _thumbnail(pixels: Pixels) -> NDArray[Any]:
    size = (THUMBNAIL_WIDTH_PX, max(8, round(THUMBNAIL_WIDTH_PX * pixels.shape[0] / pixels.shape[1])))
    step = max(1, pixels.shape[1] // (4 * THUMBNAIL_WIDTH_PX))
    green = cv2.extractChannel(pixels, 1) if step == 1 else np.ascontiguousarray(pixels[::step, ::step, 1])
    small = cv2.resize(green, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    # The lamp's unevenness stands still whatever the slide does. At a quarter of the size it is as smooth, for less time.
    quarter = cv2.resize(small, (size[0] // 4, max(2, size[1] // 4)), interpolation=cv2.INTER_AREA)
    light = cv2.resize(cv2.GaussianBlur(quarter, (0, 0), 2.5), size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 1.0) / np.maximum(light, np.float32(1.0)) - np.float32(1.0))
