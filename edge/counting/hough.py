"""Counting by the circle Hough transform."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.border import at_border
from edge.counting.cell import ClassMaps, Region
from edge.counting.masks import above
from edge.counting.peaks import find_peaks, kept_of, near_pairs, smoothed
from edge.counting.settings import ClassSettings

Floats = NDArray[np.float32]

RADIUS_RANGE = (0.7, 1.35)
"""Radii that vote, over the expected one: red cells vary by 30 % in anisocytosis."""
BLUR_RATIO = 0.03
POOL_RATIO = 0.08
"""Sigma around a centre within which votes are for it, in diameters: rims are not perfect circles."""
RIM_SHARE = 0.78
"""Share of a perfect rim's step that is above the strength of `_rim`'s threshold and votes: measured on discs."""
SPOKES = 32
FAINT_SHARE = 0.35
"""Least share of a rim that the map must show: the border hides up to half of it, a corner three quarters."""
DUPLICATE_RATIO = 0.4
"""Circles closer than this share of a diameter are one cell: the foci of a bent cell lie up to a third apart."""


@dataclass(frozen=True, slots=True, eq=False)
class _Circles:
    """Circles in map pixels, each field (n,) float32; `arc` is the share of the visible rim that votes."""

    x: Floats
    y: Floats
    radius: Floats
    arc: Floats

    def take(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> _Circles:
        return _Circles(self.x[kept], self.y[kept], self.radius[kept], self.arc[kept])


def find(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """Circles as regions, by falling confidence (the share of the visible rim that votes for the circle).

    Two-stage Hough transform with gradient directions (Yuen, Princen, Illingworth, Kittler 1990): each rim point votes
    along its inward normal for all radii at once, then each centre finds its radius. A centre may lie outside the map,
    for a cell that the border cuts. A circle that covers too little foreground, or lies on a better one, is dropped.
    No circle is an empty list.
    """
    diameter_px = settings.diameter_px(cell_diameter_px)
    if cv2.minMaxLoc(maps.foreground)[1] < 0.99 * settings.min_cover_ratio:  # no mean over a circle can reach it
        return []
    outline_px = 0.7 * settings.outline_width_ratio * diameter_px  # the line's part inside the cell
    solid = maps.foreground
    if maps.outline is not None:
        solid = solid * (np.float32(1.0) - maps.outline)
        inset_px = outline_px
    else:
        inset_px = 0.0
    solid = smoothed(solid, BLUR_RATIO * diameter_px)
    circles = _centres(solid, diameter_px / 2.0 - inset_px, diameter_px, settings)
    circles = circles.take(circles.arc >= settings.min_arc_ratio)
    circles, cover = _measured(circles, solid, maps.foreground, inset_px)
    circles = circles.take(cover >= settings.min_cover_ratio)
    circles = circles.take(np.lexsort((circles.x, circles.y, -circles.arc)))
    first, second, _ = near_pairs(circles.x, circles.y, DUPLICATE_RATIO * diameter_px)
    circles = circles.take(kept_of(len(circles.x), first, second))
    return _regions(circles, maps.foreground.shape, settings.min_area_px(cell_diameter_px))


def _centres(solid: Floats, radius_px: float, diameter_px: float, settings: ClassSettings) -> _Circles:
    """Peaks of the votes; `arc` is 1 where all of the rim that the map shows votes, `radius` the expected one."""
    pad = int(np.ceil(RADIUS_RANGE[1] * radius_px)) + 2
    height, width = solid.shape[0] + 2 * pad, solid.shape[1] + 2 * pad
    dx = cv2.Scharr(solid, cv2.CV_32F, 1, 0, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    dy = cv2.Scharr(solid, cv2.CV_32F, 0, 1, scale=1 / 32, borderType=cv2.BORDER_REPLICATE)
    strength = np.asarray(cv2.magnitude(dx, dy), dtype=np.float32)
    # A step of 1 blurred by sigma is 0.4 / sigma high; half of that still counts, for faint rims.
    threshold = 0.2 / (sqrt(0.8 + (BLUR_RATIO * diameter_px) ** 2) + 0.5)
    rim = np.flatnonzero(above(strength, threshold))
    weight = strength.ravel()[rim]
    unit_x, unit_y = dx.ravel()[rim] / weight, dy.ravel()[rim] / weight
    y, x = np.divmod(rim.astype(np.int32), np.int32(solid.shape[1]))
    from_x, from_y = (x + np.float32(pad + 0.5)).astype(np.float32), (y + np.float32(pad + 0.5)).astype(np.float32)
    sigma_px = POOL_RATIO * diameter_px
    step_px = max(1.0, sigma_px)
    votes = np.zeros(height * width, dtype=np.float64)
    for radius in np.arange(RADIUS_RANGE[0] * radius_px, RADIUS_RANGE[1] * radius_px + 1e-6, step_px, dtype=np.float32):
        column, row = (from_x + radius * unit_x).astype(np.int32), (from_y + radius * unit_y).astype(np.int32)
        votes += np.bincount(row * np.int32(width) + column, weight, minlength=height * width)
    # The rays of a whole rim of length 2 pi r cross the centre; each leaves 1 / step votes a pixel under the Gaussian.
    whole = RIM_SHARE * 2.0 * pi * radius_px / (sqrt(2.0 * pi) * sigma_px * step_px)
    pooled = smoothed(votes.reshape(height, width).astype(np.float32) / np.float32(whole), sigma_px)
    peaks = find_peaks(pooled, FAINT_SHARE * settings.min_arc_ratio, settings.min_separation_ratio * diameter_px)
    x, y = peaks.x - pad, peaks.y - pad
    angle = np.linspace(0.0, 2.0 * pi, SPOKES, endpoint=False, dtype=np.float32)
    rim_x, rim_y = x[:, None] + radius_px * np.cos(angle), y[:, None] + radius_px * np.sin(angle)
    on_map = (rim_x >= -0.5) & (rim_x <= solid.shape[1] - 0.5) & (rim_y >= -0.5) & (rim_y <= solid.shape[0] - 0.5)
    arc = peaks.value / np.maximum(on_map.mean(axis=1), FAINT_SHARE)
    return _Circles(x, y, np.full(len(peaks), radius_px, dtype=np.float32), arc.astype(np.float32))


def _measured(circles: _Circles, solid: Floats, foreground: Floats, inset_px: float) -> tuple[_Circles, Floats]:
    """Circles with their own radius (where the mean over directions falls fastest), and their share of foreground."""
    if len(circles.x) == 0:
        return circles, circles.x
    expected = float(circles.radius[0])
    angle = np.linspace(0.0, 2.0 * pi, SPOKES, endpoint=False, dtype=np.float32)
    radii = np.arange(0.5, RADIUS_RANGE[1] * expected + 2.0, 1.0, dtype=np.float32)
    x = np.rint(circles.x[:, None, None] + np.cos(angle)[None, :, None] * radii).astype(np.intp)
    y = np.rint(circles.y[:, None, None] + np.sin(angle)[None, :, None] * radii).astype(np.intp)
    height, width = solid.shape
    seen = ((x >= 0) & (x < width) & (y >= 0) & (y < height)).astype(np.float32)
    flat = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
    spokes = np.maximum(seen.sum(axis=1), 1e-6)
    profile = (solid.ravel()[flat] * seen).sum(axis=1) / spokes
    allowed = (radii[:-1] >= RADIUS_RANGE[0] * expected - 1.0) & (seen.sum(axis=1)[:, 1:] >= 0.15 * SPOKES)
    fall = np.where(allowed, profile[:, :-1] - profile[:, 1:], -1.0)
    edge = np.argmax(fall, axis=1)
    radius = (_weighted_edge(fall, edge) + 1.0 + inset_px).astype(np.float32)
    area = np.where(radii <= radius[:, None], radii, 0.0)[:, None, :] * seen
    cover = (foreground.ravel()[flat] * area).sum(axis=(1, 2)) / np.maximum(area.sum(axis=(1, 2)), 1e-6)
    return _Circles(circles.x, circles.y, radius, circles.arc), np.asarray(cover, dtype=np.float32)


def _weighted_edge(fall: Floats, edge: NDArray[np.intp]) -> Floats:
    """Centre of gravity of the fall around its steepest pixel, in radii's index (radius = index + 0.5), subpixel."""
    around = np.clip(edge[:, None] + np.arange(-2, 3), 0, fall.shape[1] - 1)
    weight = np.maximum(np.take_along_axis(fall, around, axis=1), 0.0) + 1e-9
    return np.asarray((weight * around).sum(axis=1) / weight.sum(axis=1), dtype=np.float32)


def _regions(circles: _Circles, shape: tuple[int, ...], min_area_px: float) -> list[Region]:
    """Circles cut to the map as regions; x, y is the centroid of what is left."""
    angle = np.linspace(0.0, 2.0 * pi, SPOKES, endpoint=False, dtype=np.float32)
    x = np.clip(circles.x[:, None] + circles.radius[:, None] * np.cos(angle), -0.5, shape[1] - 0.5)
    y = np.clip(circles.y[:, None] + circles.radius[:, None] * np.sin(angle), -0.5, shape[0] - 0.5)
    next_x, next_y = np.roll(x, -1, axis=1), np.roll(y, -1, axis=1)
    cross = (x * next_y - next_x * y).astype(np.float64)
    area = cross.sum(axis=1) / 2.0
    safe = np.maximum(area, 1e-6)
    centre_x = ((x + next_x) * cross).sum(axis=1) / (6.0 * safe)
    centre_y = ((y + next_y) * cross).sum(axis=1) / (6.0 * safe)
    polygon_share = SPOKES / (2.0 * pi) * np.sin(2.0 * pi / SPOKES)  # a polygon in the circle is a little smaller than it
    area = area / polygon_share
    outlines = np.stack([x, y], axis=2).astype(np.float32)
    border = at_border(list(outlines), (shape[0], shape[1]))
    return [
        Region(
            float(centre_x[i]), float(centre_y[i]), float(area[i]), partial(outlines.__getitem__, i),
            float(min(1.0, circles.arc[i])), border[i],
        )
        for i in np.flatnonzero(area >= max(min_area_px, 1.0)).tolist()
    ]  # fmt: skip
