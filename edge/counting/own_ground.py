"""Peaks of a centre map that stand on ground of their own: between touching cells a heatmap has false ones."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.counting.masks import Mask
from edge.counting.peaks import Floats, Peaks

SURE = 0.6
"""A peak above this value is a cell wherever it stands: with this and the share below `val` was counted best of 12 pairs
(0.5 to 0.8, 0.08 to 0.25)."""
LEAST_SHARE = 0.25
"""Of its disc a cell must show so much foreground that no better cell's disc covers. Two discs a third of a diameter apart have
0.42 of their own; the middle between three that touch has nearly none."""
RINGS, SPOKES = 6, 24
"""A disc is looked at in so many points, of equal area each."""


def with_own_ground(peaks: Peaks, diameters_px: Floats, inside: Mask) -> NDArray[np.bool_]:
    """Which of `peaks` (by falling value) to keep, (n,) bool. `diameters_px` (n,) are the sizes of their cells, `inside` (H, W)
    uint8 is the foreground."""
    kept = np.ones(len(peaks), np.bool_)
    height, width = inside.shape
    radius = np.sqrt((np.arange(RINGS) + 0.5) / RINGS)
    turn = 2.0 * np.pi * np.arange(SPOKES) / SPOKES
    disc_x, disc_y = (np.outer(radius, f(turn)).ravel() for f in (np.cos, np.sin))
    for index in np.flatnonzero(peaks.value < SURE).tolist():
        x = peaks.x[index] + 0.5 * diameters_px[index] * disc_x
        y = peaks.y[index] + 0.5 * diameters_px[index] * disc_y
        column, row = np.rint(x).astype(np.intp), np.rint(y).astype(np.intp)
        seen = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        mine = inside[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)] > 0
        better = np.flatnonzero(kept[:index])
        reach = 0.5 * (diameters_px[better] + diameters_px[index])
        near = better[np.hypot(peaks.x[better] - peaks.x[index], peaks.y[better] - peaks.y[index]) < reach]
        away = np.hypot(x[:, None] - peaks.x[near], y[:, None] - peaks.y[near])
        covered = (away < 0.5 * diameters_px[near]).any(axis=1)
        kept[index] = bool((seen & mine & ~covered).sum() >= LEAST_SHARE * max(1, int(seen.sum())))
    return kept
