"""Flooding a map from markers: the marker watershed."""

from __future__ import annotations

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.masks import Labels, Mask, below, both, no_labels
from edge.counting.peaks import Peaks

RIDGE_LEVELS = (0.25, 0.5, 0.75)
"""Heights of the ridge at which the flood pauses; the last level has no upper limit."""

_CROSS = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]], dtype=np.uint8)
_SQUARE = np.ones((3, 3), dtype=np.uint8)


def disc_markers(shape: tuple[int, ...], peaks: Peaks, radius_px: NDArray[np.float32] | float) -> Labels:
    """Discs of `radius_px` (one for all, or (n,)) around peaks, labelled 1, 2, ... in their order.

    Where two meet, the better (earlier) peak's lies on top, but for the very pixel of each peak.
    """
    markers = no_labels(shape, len(peaks))
    x, y = np.rint(peaks.x).astype(np.intp), np.rint(peaks.y).astype(np.intp)
    radii = np.broadcast_to(np.asarray(radius_px), x.shape).astype(np.intp)
    labels = np.arange(1, len(peaks) + 1)
    for column, row, radius, label in reversed(list(zip(x.tolist(), y.tolist(), radii.tolist(), labels.tolist(), strict=True))):
        cv2.circle(markers, (column, row), radius, label, thickness=cv2.FILLED)
    markers[y, x] = labels
    return markers


def flood(markers: Labels, inside: Mask, ridge: NDArray[np.float32] | None, reach_px: float) -> Labels:
    """Grows markers over `inside` (uint8, 0 or not), low ground first, no further than `reach_px` from a marker.

    Meyer's flooding (Meyer 1994) with the height cut in few levels: all that can be reached at one level is taken,
    in rings of one pixel, before the next level opens. Cross and square in turn make the ring an octagon. Markers
    outside `inside` keep their own pixels.
    """
    labels: Labels = markers.copy()
    steps = ceil(reach_px * 1.2)  # an octagon's slowest direction gains about 0.83 px a step against its fastest
    levels = [None] if ridge is None else [*RIDGE_LEVELS, None]
    for level in levels:
        ground = inside if level is None or ridge is None else both(inside, below(ridge, level))
        _grow(labels, ground, steps)
    return labels


def _grow(labels: Labels, ground: Mask, steps: int) -> None:
    """Grows `labels` in place over `ground` by at most `steps` rings."""
    dry = both(ground, below(labels, 1))
    left = cv2.countNonZero(dry)
    grown, wet = np.empty_like(labels), np.empty_like(dry)
    for step in range(steps):
        if left == 0:
            return
        cv2.dilate(labels, _SQUARE if step % 2 else _CROSS, dst=grown)
        cv2.copyTo(grown, dry, labels)
        cv2.compare(labels, 1, cv2.CMP_LT, dst=wet)  # type: ignore[call-overload]  # the stubs know no numbers
        cv2.bitwise_and(dry, wet, dst=dry)
        still = cv2.countNonZero(dry)
        if still == left and step % 2:  # the square reaches all that the cross does
            return
        left = still
