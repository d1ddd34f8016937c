"""Counting by peaks of the centre heatmap."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import ClassMaps, Region
from edge.counting.errors import MethodUnavailable
from edge.counting.flood import disc_markers, flood
from edge.counting.interior import foreground_mask
from edge.counting.labelled import regions_of
from edge.counting.masks import Mask
from edge.counting.own_ground import with_own_ground
from edge.counting.peaks import Ints, Peaks, between, bilinear, find_peaks, kept_of, merge_shallow, near_pairs, smoothed
from edge.counting.settings import ClassSettings
from engines.cell_size import ratio_of

SMOOTHING_RATIO = 0.04
"""Sigma of the blur over the heatmap: a third of the 0.12 of the blobs, so that a blob keeps nine tenths of its height."""
MERGE_REACH_RATIO = 0.8
MARKER_RADIUS_RATIO = 0.15
FLOOD_REACH_RATIO = 0.75
SURE_AREA_RATIO = 1.15
"""Two cells that lie a tenth of a diameter apart already cover 1.13 of one."""
ROUND_AREA_RATIO = 1.6
ROUND_AXIS_RATIO = 1.15
SIZES = (0.5, 1.6)
"""A red cell is no smaller or larger than this beside the others of its field, whatever a network says of it."""
UNFILLED = 255
"""Of a mask; the pieces that are looked at get larger numbers."""


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
    if maps.size is not None:
        sizes = np.clip(ratio_of(bilinear(maps.size, peaks.x, peaks.y)), *SIZES) * np.float32(diameter_px)
        peaks = peaks.take(with_own_ground(peaks, sizes, inside))
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
    single = _in_single_pieces(peaks, first, second, inside, pi / 4.0 * diameter_px**2)
    return peaks.take(kept_of(len(peaks), first[single], second[single]))


def _in_single_pieces(peaks: Peaks, first: Ints, second: Ints, inside: Mask, disc_px: float) -> NDArray[np.bool_]:
    """Whether both peaks of a pair lie in one piece (4-connected) of `inside` that is a single cell, (pairs,) bool.

    Pieces are filled from the peaks: few are asked for, and to label them all takes four times as long.
    """
    column, row = np.rint(peaks.x).astype(np.intp).tolist(), np.rint(peaks.y).astype(np.intp).tolist()
    pieces = inside.astype(np.int32)
    single = {0: False}
    answers = np.zeros(len(first), np.bool_)
    for pair, (one, other) in enumerate(zip(first.tolist(), second.tolist(), strict=True)):
        piece = int(pieces[row[one], column[one]])
        if 0 < piece <= UNFILLED:
            piece = UNFILLED + len(single)
            area_px, _, _, (left, top, width, height) = cv2.floodFill(pieces, None, (column[one], row[one]), piece, flags=4)
            single[piece] = area_px < SURE_AREA_RATIO * disc_px or (
                area_px < ROUND_AREA_RATIO * disc_px
                and _axis_ratio(pieces[top : top + height, left : left + width] == piece) < ROUND_AXIS_RATIO
            )
        answers[pair] = single[piece] and pieces[row[other], column[other]] == piece
    return answers


def _axis_ratio(cell: NDArray[np.bool_]) -> float:
    """Long over short axis of the ellipse with the same second moments."""
    y, x = np.nonzero(cell)
    spread = np.cov(np.stack([x, y])) + np.eye(2) / 12.0  # a pixel is a square of variance 1/12, not a point
    short, long = np.linalg.eigvalsh(spread)
    return float(np.sqrt(long / short))
