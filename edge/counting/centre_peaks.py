"""Counting by peaks of the centre heatmap."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cells import ClassMaps, Region
from edge.counting.errors import MethodUnavailable
from edge.counting.flood import disc_markers, flood
from edge.counting.interior import foreground_mask
from edge.counting.labelled import regions_of
from edge.counting.masks import Mask
from edge.counting.peaks import Peaks, between, bilinear, find_peaks, kept_of, merge_shallow, near_pairs, smoothed
from edge.counting.settings import ClassSettings

SMOOTHING_RATIO = 0.04
"""Sigma of the blur over the heatmap: a third of the 0.12 of the blobs, so that a blob keeps nine tenths of its height."""
MERGE_REACH_RATIO = 0.8
MARKER_RADIUS_RATIO = 0.15
FLOOD_REACH_RATIO = 0.75
SURE_AREA_RATIO = 1.15
"""Two cells that lie a tenth of a diameter apart already cover 1.13 of one."""
ROUND_AREA_RATIO = 1.6
ROUND_AXIS_RATIO = 1.15


def find(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """One region a peak of `maps.centre`, by falling confidence (the heatmap's value at the peak).

    Peaks are merged across shallow valleys, and inside one lone cell; each floods the foreground with the outline as
    ridge. Region.x, y are the peak. Raises MethodUnavailable without a centre map.
    """
    if maps.centre is None:
        raise MethodUnavailable("counting by centres needs a centre map, which the model lacks; count by watershed instead")
    diameter_px = settings.diameter_px(cell_diameter_px)
    heat = smoothed(maps.centre, SMOOTHING_RATIO * diameter_px)
    peaks = find_peaks(heat, settings.centre_threshold, settings.min_separation_ratio * diameter_px)
    peaks = merge_shallow(peaks, heat, settings.merge_valley_ratio, MERGE_REACH_RATIO * diameter_px)
    inside = foreground_mask(maps, diameter_px, settings)
    peaks = _merge_in_lone_cells(peaks, inside, maps.outline, diameter_px, settings)
    markers = disc_markers(inside.shape, peaks, MARKER_RADIUS_RATIO * diameter_px)
    labels = flood(markers, inside, maps.outline, FLOOD_REACH_RATIO * diameter_px)
    confidence = bilinear(maps.centre, peaks.x, peaks.y)
    return regions_of(labels, confidence, settings.min_area_px(cell_diameter_px), centres=(peaks.x, peaks.y))


def _merge_in_lone_cells(
    peaks: Peaks, inside: Mask, outline: NDArray[np.float32] | None, diameter_px: float, settings: ClassSettings
) -> Peaks:
    """Drops the lower of two peaks in one piece of foreground that is as small or as round as a single cell.

    A pair with an outline between them stays.
    """
    first, second, _ = near_pairs(peaks.x, peaks.y, MERGE_REACH_RATIO * diameter_px)
    if outline is not None:
        open_between = between(outline, peaks, first, second).max(axis=1) <= settings.outline_threshold
        first, second = first[open_between], second[open_between]
    if len(first) == 0:
        return peaks
    count, pieces, stats, _ = cv2.connectedComponentsWithStats(inside, connectivity=4)
    piece_of = pieces[np.rint(peaks.y).astype(np.intp), np.rint(peaks.x).astype(np.intp)]
    area_ratio = stats[:, cv2.CC_STAT_AREA] / (pi / 4.0 * diameter_px**2)
    candidates = set(piece_of[first[piece_of[first] == piece_of[second]]].tolist()) - {0}
    single = np.zeros(count, dtype=np.bool_)
    for piece in candidates:
        left, top, width, height, _ = stats[piece].tolist()
        cell = pieces[top : top + height, left : left + width] == piece
        single[piece] = area_ratio[piece] < SURE_AREA_RATIO or (
            area_ratio[piece] < ROUND_AREA_RATIO and _axis_ratio(cell) < ROUND_AXIS_RATIO
        )
    same = (piece_of[first] == piece_of[second]) & single[piece_of[first]]
    return peaks.take(kept_of(len(peaks), first[same], second[same]))


def _axis_ratio(cell: NDArray[np.bool_]) -> float:
    """Long over short axis of the ellipse with the same second moments."""
    y, x = np.nonzero(cell)
    spread = np.cov(np.stack([x, y])) + np.eye(2) / 12.0  # a pixel is a square of variance 1/12, not a point
    short, long = np.linalg.eigvalsh(spread)
    return float(np.sqrt(long / short))
