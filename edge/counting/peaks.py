"""Peaks of a smooth map: local maxima, told apart by distance and by the valley between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.masks import Mask, above, both

Floats = NDArray[np.float32]
Ints = NDArray[np.intp]

VALLEY_SAMPLES = 9
"""Points looked at between two peaks: every 1.5 px or closer where a cell has 28 px."""


@dataclass(frozen=True, slots=True, eq=False)
class Peaks:
    """Peaks by falling value: `x`, `y` in pixels (centres at integers, subpixel) and `value`, each (n,) float32."""

    x: Floats
    y: Floats
    value: Floats

    def __len__(self) -> int:
        return len(self.x)

    def take(self, kept: NDArray[np.bool_] | Ints) -> Peaks:
        """Those peaks that `kept` picks, in its order."""
        return Peaks(self.x[kept], self.y[kept], self.value[kept])


def smoothed(surface: Floats, sigma_px: float) -> Floats:
    """`surface` blurred by a Gaussian; below a quarter of a pixel it is returned as it is."""
    if sigma_px < 0.25:
        return surface
    size = 2 * int(np.ceil(2.5 * sigma_px)) + 1
    return np.asarray(cv2.GaussianBlur(surface, (size, size), sigma_px, borderType=cv2.BORDER_REPLICATE), dtype=np.float32)


def find_peaks(surface: Floats, threshold: float, min_separation_px: float) -> Peaks:
    """Local maxima of `surface` (H, W) above `threshold`, none closer than `min_separation_px` to a higher one.

    A plateau is one peak, in the middle of its box. Others are refined to the top of a parabola in x and in y.
    """
    reach = max(1, int(min_separation_px / 2.0))
    window = np.ones((2 * reach + 1, 2 * reach + 1), dtype=np.uint8)
    highest = cv2.dilate(surface, window)
    tops = both(np.asarray(cv2.compare(surface, highest, cv2.CMP_GE), dtype=np.uint8), above(surface, threshold))
    x, y, row, column, single = _plateaus(tops)
    if len(row) == 0:
        nothing = np.zeros(0, dtype=np.float32)
        return Peaks(nothing, nothing, nothing)
    x = x + np.where(single, _parabola_top(surface, row, column, 0, 1), np.float32(0.0))
    y = y + np.where(single, _parabola_top(surface, row, column, 1, 0), np.float32(0.0))
    value = surface[row, column]
    peaks = Peaks(x, y, value).take(np.lexsort((x, y, -value)))
    first, second, _ = near_pairs(peaks.x, peaks.y, min_separation_px)
    return peaks.take(kept_of(len(peaks), first, second))


def merge_shallow(peaks: Peaks, surface: Floats, valley_ratio: float, reach_px: float) -> Peaks:
    """Drops the lower of two peaks within `reach_px` where `surface` between them never falls below `valley_ratio` of it.

    The valley is the lowest value on the straight line: an upper bound of the dynamics of the h-maxima transform
    (Soille 2003, ch. 6), relative to the peak so that a faint cell is held to the same standard.
    """
    first, second, _ = near_pairs(peaks.x, peaks.y, reach_px)
    valley = lowest_between(surface, peaks, first, second)
    shallow = valley > valley_ratio * np.minimum(peaks.value[first], peaks.value[second])
    return peaks.take(kept_of(len(peaks), first[shallow], second[shallow]))


def lowest_between(surface: Floats, peaks: Peaks, first: Ints, second: Ints) -> Floats:
    """Lowest value of `surface` (H, W) on the line between peaks `first` and `second`, (pairs,) float32."""
    return np.asarray(between(surface, peaks, first, second).min(axis=1), dtype=np.float32)


def between(surface: Floats, peaks: Peaks, first: Ints, second: Ints) -> Floats:
    """`surface` (H, W) at VALLEY_SAMPLES points between peaks `first` and `second`, (pairs, VALLEY_SAMPLES) float32."""
    along = np.linspace(0.0, 1.0, VALLEY_SAMPLES + 2, dtype=np.float32)[None, 1:-1]
    x = peaks.x[first, None] + along * (peaks.x[second] - peaks.x[first])[:, None]
    y = peaks.y[first, None] + along * (peaks.y[second] - peaks.y[first])[:, None]
    return bilinear(surface, x, y)


def bilinear(surface: Floats, x: Floats, y: Floats) -> Floats:
    """`surface` (H, W) at points of any shape, clamped to the map."""
    height, width = surface.shape
    x, y = np.clip(x, 0.0, width - 1.0), np.clip(y, 0.0, height - 1.0)
    left, top = x.astype(np.intp), y.astype(np.intp)
    right, bottom = np.minimum(left + 1, width - 1), np.minimum(top + 1, height - 1)
    fx, fy = x - left, y - top
    upper = surface[top, left] * (1.0 - fx) + surface[top, right] * fx
    lower = surface[bottom, left] * (1.0 - fx) + surface[bottom, right] * fx
    return np.asarray(upper * (1.0 - fy) + lower * fy, dtype=np.float32)


def near_pairs(x: Floats, y: Floats, reach_px: float) -> tuple[Ints, Ints, Floats]:
    """Pairs of points closer than `reach_px`: indices `first` < `second` and distances, ordered by first, then second.

    Sorted by x first, so that memory grows with the neighbours, not with the square of the points.
    """
    order = np.argsort(x, kind="stable")
    ends = np.searchsorted(x[order], x[order] + reach_px, side="right")
    starts = np.arange(1, len(x) + 1)
    lengths = np.maximum(ends - starts, 0)
    one = np.repeat(np.arange(len(x)), lengths)
    other = np.arange(len(one)) - np.repeat(np.cumsum(lengths) - lengths, lengths) + np.repeat(starts, lengths)
    a, b = order[one], order[other]
    distance = np.hypot(x[a] - x[b], y[a] - y[b])
    close = distance < reach_px
    first, second, distance = np.minimum(a, b)[close], np.maximum(a, b)[close], distance[close]
    sorted_pairs = np.lexsort((second, first))
    return first[sorted_pairs], second[sorted_pairs], distance[sorted_pairs]


def kept_of(count: int, first: Ints, second: Ints) -> NDArray[np.bool_]:
    """Greedy suppression: of each pair (better `first`, worse `second`, ordered by first) the worse one goes, (count,) bool."""
    kept = np.ones(count, dtype=np.bool_)
    for better, worse in zip(first.tolist(), second.tolist(), strict=True):
        if kept[better]:
            kept[worse] = False
    return kept


def _plateaus(tops: Mask) -> tuple[Floats, Floats, Ints, Ints, NDArray[np.bool_]]:
    """Pieces (8-connected) of a mask, each (n,): x, y of the middle of its box, row, column of one pixel, whether it has no
    other."""
    points = cv2.findNonZero(tops)
    if points is None:
        nothing = np.zeros(0, dtype=np.intp)
        return nothing.astype(np.float32), nothing.astype(np.float32), nothing, nothing, nothing.astype(np.bool_)
    column, row = np.asarray(points, dtype=np.intp).reshape(-1, 2).T
    x, y = column.astype(np.float32), row.astype(np.float32)
    neighbours, _, _ = near_pairs(x, y, 1.5)
    if len(neighbours) == 0:  # as in most fields: each is a pixel of its own
        return x, y, row, column, np.ones(len(row), dtype=np.bool_)
    plateaus, _ = cv2.findContours(tops, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    firsts = np.array([plateau[0, 0] for plateau in plateaus], dtype=np.intp)
    boxes = np.array([_middle(plateau) for plateau in plateaus], dtype=np.float32)
    single = np.array([len(plateau) == 1 for plateau in plateaus])
    return boxes[:, 0], boxes[:, 1], firsts[:, 1], firsts[:, 0], single


def _middle(plateau: NDArray[Any]) -> tuple[float, float]:
    if len(plateau) == 1:
        return float(plateau[0, 0, 0]), float(plateau[0, 0, 1])
    (left, top), (right, bottom) = plateau[:, 0].min(axis=0).tolist(), plateau[:, 0].max(axis=0).tolist()
    return (left + right) / 2.0, (top + bottom) / 2.0


def _parabola_top(surface: Floats, row: Ints, column: Ints, down: int, right: int) -> Floats:
    """Offset of a parabola's top from the middle of three pixels, within half a pixel; 0 at the map's border."""
    height, width = surface.shape
    inside = (row >= down) & (row < height - down) & (column >= right) & (column < width - right)
    here = surface[row, column]
    before = surface[np.maximum(row - down, 0), np.maximum(column - right, 0)]
    after = surface[np.minimum(row + down, height - 1), np.minimum(column + right, width - 1)]
    curvature = before - 2.0 * here + after
    bent = inside & (curvature < -1e-9)
    offset = np.where(bent, 0.5 * (before - after) / np.where(bent, curvature, 1.0), 0.0)
    return np.asarray(np.clip(offset, -0.5, 0.5), dtype=np.float32)
