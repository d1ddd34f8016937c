"""Counting by marker watershed on the distance transform."""

from __future__ import annotations

import numpy as np

from edge.counting.cell import ClassMaps, Region
from edge.counting.flood import disc_markers, flood
from edge.counting.interior import distance_inside, foreground_mask, interior_mask
from edge.counting.labelled import regions_with_mean
from edge.counting.peaks import find_peaks, merge_shallow, smoothed
from edge.counting.settings import ClassSettings

SMOOTHING_RATIO = 0.03
LOWEST_PEAK_RATIO = 0.12
"""Lowest distance that makes a marker, in expected radii: a crescent a ninth of a diameter thick, before smoothing."""
FLOOD_REACH_RATIO = 0.75
MARKER_SHARE = 0.7


def find(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """One region a basin of the distance inside foreground minus outline, with its mean foreground as confidence.

    Markers are the distance's maxima that a real neck divides (h-maxima with h relative to the peak, see
    peaks.merge_shallow); they flood the whole foreground with the outline as ridge (Meyer 1994).
    """
    diameter_px = settings.diameter_px(cell_diameter_px)
    inside = foreground_mask(maps, diameter_px, settings)
    distance = distance_inside(interior_mask(maps, inside, settings), diameter_px)
    distance = smoothed(distance, SMOOTHING_RATIO * diameter_px)
    peaks = find_peaks(distance, LOWEST_PEAK_RATIO, settings.min_separation_ratio * diameter_px)
    peaks = merge_shallow(peaks, distance, settings.merge_valley_ratio, diameter_px)
    # The inscribed circle is the cell's own: most of it is a marker, which spares the flood its way.
    markers = disc_markers(inside.shape, peaks, MARKER_SHARE * peaks.value * np.float32(diameter_px / 2.0))
    labels = flood(markers, inside, maps.outline, FLOOD_REACH_RATIO * diameter_px)
    return regions_with_mean(labels, len(peaks), maps.foreground, settings.min_area_px(cell_diameter_px))
