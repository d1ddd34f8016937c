"""Counting by peaks of the distance transform, a least distance apart."""

from __future__ import annotations

import numpy as np

from edge.counting.cell import ClassMaps, Region
from edge.counting.flood import disc_markers, flood
from edge.counting.interior import distance_inside, foreground_mask, interior_mask
from edge.counting.labelled import regions_with_mean
from edge.counting.peaks import find_peaks, smoothed
from edge.counting.settings import ClassSettings

SMOOTHING_RATIO = 0.02
SEPARATION_FACTOR = 1.7
"""Least distance over `min_separation_ratio`: half a diameter for red cells. No valley is asked for, so it must be wide."""
LOWEST_PEAK_RATIO = 0.25
FLOOD_REACH_RATIO = 0.75
MARKER_SHARE = 0.7


def find(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """One region a peak of the distance inside foreground minus outline, with its mean foreground as confidence.

    The "Euclidean distance transform and peak local max" of the DO-U-Net counting paper (Gharbi et al.), which knows no
    more of two peaks than how far apart they are.
    """
    diameter_px = settings.diameter_px(cell_diameter_px)
    inside = foreground_mask(maps, diameter_px, settings)
    distance = distance_inside(interior_mask(maps, inside, settings), diameter_px)
    distance = smoothed(distance, SMOOTHING_RATIO * diameter_px)
    separation_px = min(0.9, SEPARATION_FACTOR * settings.min_separation_ratio) * diameter_px
    peaks = find_peaks(distance, LOWEST_PEAK_RATIO, separation_px)
    # The inscribed circle is the cell's own: most of it is a marker, which spares the flood its way.
    markers = disc_markers(inside.shape, peaks, MARKER_SHARE * peaks.value * np.float32(diameter_px / 2.0))
    labels = flood(markers, inside, maps.outline, FLOOD_REACH_RATIO * diameter_px)
    return regions_with_mean(labels, len(peaks), maps.foreground, settings.min_area_px(cell_diameter_px))
