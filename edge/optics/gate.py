"""Which frames are fit to be counted: a wrong count is worse than none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Pixels
from edge.optics.focus import Focus, measure_focus
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason, Verdict

# Exposure is measured on a grid of about so many points a side; focus reads every pixel.
GRID = 240
# 8-bit value from which a channel is taken to be at the sensor's limit: JPEG moves 255 by one or two.
LIMIT = 253
# Cells are assumed this share of the frame's width where nobody knows their size: 39 px of 640 in the Chula set.
ASSUMED_DIAMETER = 1 / 16

ADVICE = {
    RejectionReason.BLACK: "The frame is black: switch the lamp on, open the light path to the camera or raise the exposure.",
    RejectionReason.SATURATED: "The frame is overexposed: dim the lamp or lower the exposure until nothing is clipped.",
    RejectionReason.BLANK: "The camera gives an even frame without any detail: check that its cap is off and that it streams.",
    RejectionReason.DEFOCUSED: "The cells are out of focus: turn the fine focus until their rims are crisp.",
}


@dataclass(frozen=True, slots=True)
class GateSettings:
    """Where a frame is refused. The measurements are of the train splits of ALL-IDB1 (79 fields), Chula (407), CBC (300)."""

    # Brightness of the background (95th percentile of the channels' mean, 0..1): 0.42 or more in real frames.
    min_brightness: float = 0.1
    # Share of pixels with all three channels clipped: 0.00 in every real frame; at twice the exposure 0.68-0.97 in the median.
    # Before a clipped background pale cells vanish, and an empty field cannot be told from washed-out cells.
    max_saturated: float = 0.5
    # Standard deviation of green in 8-bit levels: least in real frames 9; a sensor's noise alone is 0.5 or more, a constant 0.
    min_deviation: float = 0.3
    # Focus score. 786 real frames: at least 4.2, or 3.8 where the diameter is given 25 % too small. Blurred by a Gaussian of
    # 0.15 cell diameters: at most 3.35, with noise of 8 levels 3.4; by 0.1: medians 3.5-3.9.
    min_focus: float = 3.5
    # What there must be to focus on: the height of edges as a share of the background. Real frames 0.2 or more, blurred by
    # 0.3 of a diameter 0.1; and in units of the noise, of which an empty field shows a range of 5-6 in a window.
    min_contrast: float = 0.05
    min_contrast_in_noise: float = 9.0


class Gate:
    """Judges frames one at a time; it keeps nothing between them."""

    def __init__(self, settings: GateSettings) -> None:
        self._settings = settings

    def judge(self, pixels: Pixels, cell_diameter_px: float | None) -> Verdict:
        """Whether (height, width, 3) uint8 RGB may be counted.

        BLACK, SATURATED and BLANK frames hold no information; an evenly lit field without a cell does (it counts 0) and is
        accepted. DEFOCUSED is judged where something is in view to be focused on and `cell_diameter_px` is known; without
        it the frame passes, with a focus for an assumed diameter, and should be judged again once the diameter is.
        """
        settings = self._settings
        step = max(1, min(pixels.shape[:2]) // GRID)
        grid = _every(pixels, step)
        red, green, blue = cv2.split(grid)
        light = cv2.transform(grid, np.full((1, 3), 1 / 3, np.float32))
        low, brightness = (level / 255.0 for level in _percentiles(light, (0.05, 0.95)))
        clipped = cv2.inRange(cv2.min(cv2.min(red, green), blue), LIMIT, 255)
        saturated = cv2.countNonZero(clipped) / clipped.size
        focus = measure_focus(pixels, cell_diameter_px or ASSUMED_DIAMETER * pixels.shape[1])
        quality = Quality(focus.score, brightness, brightness - low, saturated)
        if brightness < settings.min_brightness:
            reason = RejectionReason.BLACK
        elif saturated > settings.max_saturated:
            reason = RejectionReason.SATURATED
        elif float(cv2.meanStdDev(green)[1][0, 0]) < settings.min_deviation:
            reason = RejectionReason.BLANK
        elif cell_diameter_px is not None and focus.score < settings.min_focus and self._shows_cells(focus):
            reason = RejectionReason.DEFOCUSED
        else:
            return Accepted(quality)
        return Rejected(quality, reason, ADVICE[reason])

    def _shows_cells(self, focus: Focus) -> bool:
        least = max(self._settings.min_contrast, self._settings.min_contrast_in_noise * focus.noise)
        return focus.contrast > least


def _every(pixels: Pixels, step: int) -> Pixels:
    """Every `step`th pixel of every `step`th row, of whole steps: a tenth of the time of a copy of a slice."""
    if step == 1:
        return np.ascontiguousarray(pixels)
    rows, columns = pixels.shape[0] // step, pixels.shape[1] // step
    whole = pixels[: rows * step, : columns * step]
    return np.asarray(cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_NEAREST), np.uint8)


def _percentiles(light: NDArray[Any], shares: tuple[float, ...]) -> list[float]:
    """The 8-bit levels below which `shares` of the pixels lie; by counting, which is ten times faster than by sorting."""
    cumulated = np.cumsum(cv2.calcHist([light], [0], None, [256], [0.0, 256.0]), dtype=np.float64)
    return [float(np.searchsorted(cumulated, share * light.size)) for share in shares]
