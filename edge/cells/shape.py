"""The shape of a cell, by its outline alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import Outline

SMOOTHED_SHARE = 0.06
"""An outline follows pixels, and its steps would count as length: each point is the mean over this share of them."""


@dataclass(frozen=True, slots=True)
class Shape:
    """`circularity` is 4 pi area / perimeter^2 (Cox, J. Paleontology 1, 1927): 1 of a disc, less of anything else. `elongation`
    is the longer axis over the shorter of the ellipse with the same second moments: 1 of a disc, 2 of a cell twice as long as
    wide."""

    circularity: float
    elongation: float


def shape_of(outline: Outline) -> Shape | None:
    """Of (n, 2) float32 x, y, closed implicitly; None where it holds no area."""
    points = outline.astype(np.float64)
    area, covariance = _moments(points - points.mean(axis=0))
    if area <= 0.0:
        return None
    small, large = np.linalg.eigvalsh(covariance).tolist()
    smooth = _smoothed(points)
    around = smooth - np.roll(smooth, 1, axis=0)
    perimeter = float(np.hypot(around[:, 0], around[:, 1]).sum())
    smooth_area, _ = _moments(smooth - smooth.mean(axis=0))
    if small <= 0.0 or perimeter <= 0.0:
        return None
    return Shape(min(1.0, 4.0 * pi * smooth_area / perimeter**2), sqrt(large / small))


def _moments(points: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
    """Area and central second moments of a polygon (Steger, On the Calculation of Moments of Polygons, 1996)."""
    x, y = points.T
    x1, y1 = np.roll(points, -1, axis=0).T
    cross = x * y1 - x1 * y
    area = cross.sum() / 2.0
    if area == 0.0:
        return 0.0, np.zeros((2, 2))
    cx, cy = ((x + x1) * cross).sum() / (6.0 * area), ((y + y1) * cross).sum() / (6.0 * area)
    xx = ((x * x + x * x1 + x1 * x1) * cross).sum() / (12.0 * area) - cx * cx
    yy = ((y * y + y * y1 + y1 * y1) * cross).sum() / (12.0 * area) - cy * cy
    xy = ((x * y1 + 2.0 * x * y + 2.0 * x1 * y1 + x1 * y) * cross).sum() / (24.0 * area) - cx * cy
    return abs(float(area)), np.array([[xx, xy], [xy, yy]])


def _smoothed(points: NDArray[np.float64]) -> NDArray[np.float64]:
    reach = max(1, round(SMOOTHED_SHARE * len(points) / 2.0))
    if len(points) < 8:
        return points
    return np.asarray(np.mean([np.roll(points, step, axis=0) for step in range(-reach, reach + 1)], axis=0))
