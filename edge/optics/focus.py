"""How sharp the cells of a frame are, whatever their number, stain and size."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Pixels

# Cells are looked at this large: noise of single pixels is averaged away, an edge of a sharp cell is still 1-2 px wide.
CANONICAL_DIAMETER_PX = 20.0
SMOOTHING_PX = 1.0
# Of a frame of very many cells its centre is enough (800x800 take 7 ms).
MAX_SIDE_PX = 800
# Edge slope and edge height are compared within half a cell, so that a neighbour or the other rim stays outside.
WINDOW_DIAMETERS = 0.5
# The largest of the some 120 noise gradients in a window lies about three standard deviations up.
NOISE_MAXIMUM = 3.0
# The strongest 1 % of a frame are its cells even where a single one is in view.
CELL_SHARE = 0.99
LAPLACIAN_DIFFERENCE = np.array([[1, -2, 1], [-2, 4, -2], [1, -2, 1]], np.float32)


@dataclass(frozen=True, slots=True)
class Focus:
    """`score` is larger for sharper cells (see `measure_focus`); `contrast` is the height of their edges as a share of the
    background, 0..1; `noise` the standard deviation of the smoothed picture's noise in the same unit."""

    score: float
    contrast: float
    noise: float


def focus_score(pixels: Pixels, cell_diameter_px: float) -> float:
    """The score of `measure_focus` for (height, width, 3) uint8 RGB."""
    return measure_focus(pixels, cell_diameter_px).score


def measure_focus(pixels: Pixels, cell_diameter_px: float) -> Focus:
    """Steepness of the cells' edges: largest gradient over the edge's height, in units of one over the cell diameter.

    An edge of height h that a Gaussian of standard deviation s blurs has the largest slope h / (sqrt(2 pi) s). Their
    ratio, times the diameter d, is d / (sqrt(2 pi) s): free of contrast, exposure and scale, and, taken where edges are
    high, free of how many cells there are. It is a gradient measure normalised by local contrast; the families are
    reviewed in Pertuz, Puig, Garcia, Pattern Recognition 46(5), 2013; the width of an edge as measure of blur in
    Marziliano et al., ICIP 2002. The noise is estimated after Immerkaer, CVIU 64(2), 1996, and taken from the slopes.

    Measured on green, where red cells are darkest. Raises ValueError where `cell_diameter_px` is not positive.
    """
    if not cell_diameter_px > 0:
        raise ValueError(f"cell_diameter_px must be positive, not {cell_diameter_px}")
    shrink = min(1.0, CANONICAL_DIAMETER_PX / cell_diameter_px)
    pixels = _centre(pixels, round(MAX_SIDE_PX / shrink))
    diameter_px = cell_diameter_px * shrink
    smoothing_px = SMOOTHING_PX * diameter_px / CANONICAL_DIAMETER_PX
    size = (max(3, round(pixels.shape[1] * shrink)), max(3, round(pixels.shape[0] * shrink)))
    green = cv2.resize(cv2.extractChannel(np.ascontiguousarray(pixels), 1), size, interpolation=cv2.INTER_AREA)
    smooth: NDArray[Any] = cv2.GaussianBlur(green.astype(np.float32), (0, 0), max(smoothing_px, 0.3))
    window = np.ones((round(WINDOW_DIAMETERS * diameter_px) | 1,) * 2, np.uint8)
    height = cv2.subtract(cv2.dilate(smooth, window), cv2.erode(smooth, window))
    noise = _median_level(cv2.filter2D(green, cv2.CV_16S, LAPLACIAN_DIFFERENCE)) / (0.6745 * 6)
    # White noise under a Gaussian: a gradient's component keeps noise / (sqrt(8 pi) s^2), the value noise / (2 sqrt(pi) s).
    slope_noise = NOISE_MAXIMUM * noise / (sqrt(8 * pi) * smoothing_px**2)
    slope = np.sqrt(np.maximum(cv2.dilate(_squared_gradient(smooth), window) - np.float32(slope_noise**2), np.float32(0.0)))
    background = max(1.0, _percentile(smooth[::2, ::2], 0.9))
    highest = _percentile(height[::2, ::2], CELL_SHARE)
    _, edges = cv2.threshold(height, 0.5 * highest, 0.0, cv2.THRESH_TOZERO)
    steepness = _total(cv2.multiply(slope, edges)) / max(1e-6, _total(cv2.multiply(edges, edges)))
    return Focus(steepness * diameter_px, min(1.0, highest / background), noise / (2 * sqrt(pi) * smoothing_px) / background)


def _median_level(differences: NDArray[Any]) -> float:
    """Median of the absolute values of int16 `differences`, up to 255; by counting, ten times as fast as by sorting."""
    histogram = cv2.calcHist([cv2.convertScaleAbs(differences)], [0], None, [256], [0.0, 256.0])
    cumulated = np.cumsum(histogram, dtype=np.float64)
    lower, upper = np.searchsorted(cumulated, ((differences.size + 1) // 2, differences.size // 2 + 1))
    return float(lower + upper) / 2.0


def _percentile(values: NDArray[Any], share: float) -> float:
    """As np.percentile, which takes twice as long, chiefly to find out what it was given."""
    place = share * (values.size - 1)
    below, above = int(place), min(int(place) + 1, values.size - 1)
    parted = np.partition(values, (below, above), axis=None)
    return float(parted[below] + (parted[above] - parted[below]) * (place - below))


def _total(picture: NDArray[Any]) -> float:
    return float(cv2.sumElems(picture)[0])


def _centre(pixels: Pixels, side_px: int) -> Pixels:
    top, left = (max(0, (length - side_px) // 2) for length in pixels.shape[:2])
    return pixels[top : top + side_px, left : left + side_px]


def _squared_gradient(picture: NDArray[Any]) -> NDArray[Any]:
    x = cv2.Scharr(picture, cv2.CV_32F, 1, 0, scale=1 / 32)
    y = cv2.Scharr(picture, cv2.CV_32F, 0, 1, scale=1 / 32)
    return cv2.multiply(x, x) + cv2.multiply(y, y)
