"""The red cell diameter over time, and a second look at it through the network's eyes."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from math import pi

import numpy as np

from edge.counting.cell import Region
from edge.counting.field_count import Scale, ScaleSource
from edge.counting.peaks import near_pairs

LEAST_REGIONS = 6
LEAST_CONFIDENCE = 0.6
APART_RATIO = 1.05
"""Centres this many diameters apart cannot hide a part of each other."""


class ScaleMedian:
    """Running median over the last frames of one objective; clear it when the objective changes."""

    def __init__(self, frames: int) -> None:
        """Remembers `frames` (>= 1) estimates. Raises ValueError for fewer."""
        if frames < 1:
            raise ValueError(f"frames must be at least 1, not {frames}")
        self._seen: deque[Scale] = deque(maxlen=frames)

    def add(self, scale: Scale) -> Scale:
        """Takes in one frame's estimate and returns the median so far.

        Its spread is the larger of the median spread within frames and the interquartile range between them.
        """
        self._seen.append(scale)
        diameters = np.array([one.cell_diameter_px for one in self._seen])
        low, middle, high = np.quantile(diameters, (0.25, 0.5, 0.75)).tolist()
        within = float(np.median([one.spread for one in self._seen]))
        return Scale(middle, max(within, (high - low) / middle), scale.source)

    def clear(self) -> None:
        """Forgets all frames."""
        self._seen.clear()

    def __len__(self) -> int:
        return len(self._seen)


def refine_cell_diameter(regions: Sequence[Region]) -> Scale | None:
    """The median diameter of red cells that a network found confident, whole and apart, in the regions' pixels.

    Returns None with fewer than LEAST_REGIONS such cells.
    """
    if len(regions) < LEAST_REGIONS:
        return None
    x, y = (np.array(values, np.float32) for values in zip(*((one.x, one.y) for one in regions), strict=True))
    diameter = 2.0 * np.sqrt(np.array([one.area_px for one in regions]) / pi)
    good = np.array([one.confidence >= LEAST_CONFIDENCE and not one.border for one in regions])
    if good.sum() < LEAST_REGIONS:
        return None
    typical = float(np.median(diameter[good]))
    first, second, _ = near_pairs(x, y, APART_RATIO * typical)
    alone = np.ones(len(regions), dtype=np.bool_)
    alone[first] = alone[second] = False
    apart = good & alone & (diameter > 0.65 * typical) & (diameter < 1.5 * typical)
    if apart.sum() < LEAST_REGIONS:
        return None
    low, middle, high = np.quantile(diameter[apart], (0.25, 0.5, 0.75)).tolist()
    return Scale(middle, (high - low) / middle, ScaleSource.MEASURED)
