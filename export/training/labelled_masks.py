"""Targets from masks: ALL-IDB1's fields."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from export.datasets.sample import Sample
from export.training.foreground import resized
from export.training.targets import (
    CENTRE,
    CENTRE_SIGMA,
    OUTLINE,
    PLATELET_SPREAD,
    PLT,
    PLT_CENTRE,
    RBC,
    RED,
    WBC,
    WBC_CENTRE,
    WHITE_SPREAD,
    Labels,
    Mask,
    Patch,
    blank,
    draw_centres,
    draw_sizes,
    half_way,
    rims,
)

USUAL = (0.8, 1.3)
"""The radius of the circle around a cell, in radii of a usual one."""
Shrink = Callable[[Mask], NDArray[np.uint8]]


@dataclass(frozen=True, slots=True, eq=False)
class _Pieces:
    """A mask's components: `labels` from 1 on, and of each its `areas` in pixels, its bounding box'
    `sides` (height, width), its `middles` (y, x)."""

    labels: Labels
    areas: NDArray[np.int_]
    sides: list[tuple[int, int]]
    middles: list[tuple[float, float]]


def _pieces(mask: Mask) -> _Pieces:
    labels, number = ndimage.label(mask)
    areas = np.bincount(labels.ravel(), minlength=number + 1)[1:]
    sides = [(w[0].stop - w[0].start, w[1].stop - w[1].start) for w in ndimage.find_objects(labels)]
    return _Pieces(labels, areas, sides, ndimage.center_of_mass(labels > 0, labels, range(1, number + 1)))


def from_masks(sample: Sample, diameter_px: float) -> Patch:
    """Targets of an ALL-IDB1 field. With outlines every piece of (mask minus outline) is a cell; without them the masks are
    threshold-like: foreground is known, centres and outlines only of round single components."""
    native = sample.pixels()
    red = sample.mask("rbc")
    outlined = "edge" in sample.masks
    pieces = _pieces(red & ~sample.mask("edge") if outlined else ndimage.binary_fill_holes(red))
    single_area = _single_area(pieces)
    line_px = 5.0 * native.shape[1] / 2592 if outlined else 0.0
    native_diameter = 2.0 * np.sqrt(single_area / np.pi) + line_px
    zoom = diameter_px / native_diameter
    pixels = resized(native, zoom)
    targets, known = blank(pixels)
    size = (pixels.shape[1], pixels.shape[0])

    def shrunk(mask: Mask) -> NDArray[np.uint8]:
        return np.asarray(cv2.resize(mask.astype(np.uint8) * 255, size, interpolation=cv2.INTER_AREA), np.uint8)

    targets[..., RBC] = shrunk(ndimage.binary_fill_holes(red))
    cells = pieces.areas > 0.1 * single_area
    if outlined:
        targets[..., OUTLINE] = np.where(shrunk(sample.mask("edge")) > 90, 255, 0)
    else:
        cells &= _alone(pieces, single_area)
        vague = shrunk(np.asarray(np.isin(pieces.labels, 1 + np.flatnonzero(~cells)))) > 0
        known[..., CENTRE][vague], known[..., OUTLINE][vague] = 0, 0
        certain = shrunk(np.asarray(np.isin(pieces.labels, 1 + np.flatnonzero(cells)))) > 127
        targets[..., OUTLINE][rims(certain.astype(np.int32), 0.09 * diameter_px)] = 255
    middles = [(x, y) for y, x in pieces.middles]
    if outlined:
        whole = _whole_middles(pieces, single_area)
        middles = [half_way(*pair) for pair in zip(whole, middles, strict=True)]
    centres = [(x * zoom, y * zoom) for (x, y), good in zip(middles, cells, strict=True) if good]
    draw_centres(targets[..., CENTRE], centres, CENTRE_SIGMA * diameter_px)
    draw_sizes(targets, known, list(_sizes(pieces, _alone(pieces, single_area) & cells, line_px, zoom)), diameter_px)
    rest = _Rest(sample, shrunk, targets, known, zoom, diameter_px, np.pi / 4.0 * native_diameter**2)
    rest.white()
    rest.platelets()
    return Patch(pixels, targets, known)


def _whole_middles(pieces: _Pieces, single_area: float) -> list[tuple[float, float]]:
    """Where the middle x, y of each cell is, of those too that another one half hides, as boxes have it.

    What shows of a disc under an equal one is more than half of its rim, so that the smallest circle around the crescent is the
    disc's own. Where that circle is no single cell's, or the border cuts the piece, it is the piece's middle.
    """
    height, width = pieces.labels.shape
    usual = np.sqrt(single_area / np.pi)
    found = []
    for number, (where, (y, x)) in enumerate(zip(ndimage.find_objects(pieces.labels), pieces.middles, strict=True), start=1):
        rows, columns = where
        cut = min(rows.start, columns.start) == 0 or rows.stop == height or columns.stop == width
        points = np.argwhere(pieces.labels[where] == number)[:, ::-1].astype(np.int32)
        (cx, cy), radius = cv2.minEnclosingCircle(points)
        whole = not cut and USUAL[0] * usual < radius < USUAL[1] * usual
        found.append((cx + columns.start, cy + rows.start) if whole else (x, y))
    return found


def _single_area(pieces: _Pieces) -> float:
    """The median area of the pieces that fill their square as a disc does (pi / 4 of it)."""
    round_ones = [
        area
        for area, (height, width) in zip(pieces.areas, pieces.sides, strict=True)
        if area > 200 and 0.72 < area / (height * width) < 0.85 and 0.8 < height / width < 1.25
    ]
    return float(np.median(round_ones))


def _alone(pieces: _Pieces, single_area: float) -> Mask:
    """Which pieces are one cell by their shape and size: (n,) bool."""
    discs = [
        0.75 < height / width < 1.33 and 0.68 < area / (height * width) < 0.87
        for (height, width), area in zip(pieces.sides, pieces.areas, strict=True)
    ]
    return np.array(discs, bool) & (pieces.areas > 0.55 * single_area) & (pieces.areas < 1.5 * single_area)


def _sizes(pieces: _Pieces, lone: NDArray[np.bool_], line_px: float, zoom: float) -> Iterator[tuple[float, float, float]]:
    """Middle and diameter of each cell that lies alone; a line of the outline mask lies half outside of its piece."""
    for (y, x), area, good in zip(pieces.middles, pieces.areas.tolist(), lone, strict=True):
        if good:
            yield x * zoom, y * zoom, (2.0 * (area / np.pi) ** 0.5 + line_px) * zoom


@dataclass(frozen=True, slots=True, eq=False)
class _Rest:
    """White cells and platelets from ALL-IDB1's masks, drawn into `targets` and `known`."""

    sample: Sample
    shrunk: Shrink
    targets: NDArray[np.uint8]
    known: NDArray[np.uint8]
    zoom: float
    diameter_px: float
    single_area: float

    def white(self) -> None:
        """Where the pieces are not as many as somebody counted, the centres are unknown."""
        sample, shrunk, targets, known = self.sample, self.shrunk, self.targets, self.known
        if "wbc" not in sample.masks:
            known[..., WBC], known[..., WBC_CENTRE] = 0, 0
            return
        pieces, big = self._pieces(ndimage.binary_fill_holes(sample.mask("wbc")), 0.3)
        targets[..., WBC] = shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(big))))
        known[..., WBC][shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(~big)))) > 0] = 0
        for red in RED:
            targets[..., red][targets[..., WBC] > 127] = 0
        if int(big.sum()) == sample.counts.get("wbc", -1):
            self._draw_middles(pieces, big, WBC_CENTRE, WHITE_SPREAD)
        else:
            known[..., WBC_CENTRE][ndimage.binary_dilation(targets[..., WBC] > 0, iterations=6)] = 0

    def platelets(self) -> None:
        """Specks are nothing that anybody counted as a platelet, nor is threshold debris along a white cell's rim."""
        sample, shrunk, targets, known = self.sample, self.shrunk, self.targets, self.known
        if "plt" not in sample.masks:
            if sample.counts.get("plt") != 0:
                known[..., PLT], known[..., PLT_CENTRE] = 0, 0
            return
        pieces, big = self._pieces(sample.mask("plt"), 0.015)
        targets[..., PLT] = shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(big))))
        known[..., PLT][shrunk(np.asarray(np.isin(pieces, 1 + np.flatnonzero(~big)))) > 0] = 0
        near_white = ndimage.binary_dilation(targets[..., WBC] > 127, iterations=3) & (targets[..., PLT] > 0)
        known[..., PLT][near_white] = 0
        self._draw_middles(pieces, big, PLT_CENTRE, PLATELET_SPREAD)
        known[..., PLT_CENTRE] = known[..., PLT]

    def _pieces(self, mask: Mask, least: float) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
        """The labelled pieces, and which of them are larger than `least` of a single red cell."""
        pieces, number = ndimage.label(mask)
        return pieces, np.bincount(pieces.ravel(), minlength=number + 1)[1:] > least * self.single_area

    def _draw_middles(self, pieces: NDArray[np.int32], big: NDArray[np.bool_], channel: int, spread: float) -> None:
        middles = ndimage.center_of_mass(pieces > 0, pieces, 1 + np.flatnonzero(big)) if big.any() else []
        at = [(x * self.zoom, y * self.zoom) for y, x in middles]
        draw_centres(self.targets[..., channel], at, spread * CENTRE_SIGMA * self.diameter_px)
