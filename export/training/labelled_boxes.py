"""Targets from boxes that leave out no cell: TXL-PBC, and those fields of the CBC set that were labelled anew."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from export.datasets.box_sizes import AT_BORDER_PX, boxed_diameter_px, cut_by_border
from export.datasets.sample import Box, Sample
from export.training.foreground import resized
from export.training.targets import (
    CENTRE,
    CENTRE_SIGMA,
    OUTLINE,
    PLATELET_SPREAD,
    PLT,
    PLT_CENTRE,
    RBC,
    WBC,
    WBC_CENTRE,
    WHITE_SPREAD,
    Mask,
    Patch,
    blank,
    draw_centres,
    draw_sizes,
)

USUAL_DIAMETER_PX = 95.0
"""Where no box of a red cell lies whole inside: the CBC set's own."""
Corners = tuple[float, float, float, float]


def from_boxes(sample: Sample, diameter_px: float) -> Patch:
    """Targets of a field whose every cell has a box: a cell is the ellipse in its box.

    A box that the border cuts is completed outwards first, to a usual cell, so that its ellipse has the right curve; its
    centre is the middle of what shows. A box knows no outline inside of an overlap: that is unknown.
    """
    native = sample.pixels()
    zoom = diameter_px / (boxed_diameter_px(sample) or USUAL_DIAMETER_PX)
    pixels = resized(native, zoom)
    targets, known = blank(pixels)
    height, width = pixels.shape[:2]
    by_label = {
        label: [
            (_scaled(box, zoom), cut_by_border(box, native.shape[1], native.shape[0]))
            for box in sample.boxes
            if box.label == label
        ]
        for label in ("rbc", "wbc", "plt")
    }
    _red(targets, known, by_label["rbc"], diameter_px)
    _white(targets, known, by_label["wbc"], diameter_px)
    for corners, _ in by_label["plt"]:
        cell = _ellipse((height, width), corners, 0.92)
        targets[..., PLT][cell] = 255
        known[..., PLT][_rim(cell)] = 0
    middles = [_middle(corners) for corners, _ in by_label["plt"]]
    draw_centres(targets[..., PLT_CENTRE], middles, PLATELET_SPREAD * CENTRE_SIGMA * diameter_px)
    return Patch(pixels, targets, known)


def _red(
    targets: NDArray[np.uint8], known: NDArray[np.uint8], cells: Sequence[tuple[Corners, bool]], diameter_px: float
) -> None:
    shape = targets.shape[:2]
    rims, cover = np.zeros(shape, bool), np.zeros(shape, np.uint8)
    at, sizes = [], []
    for corners, cut in cells:
        whole = _completed(corners, shape, diameter_px) if cut else corners
        cell = _ellipse(shape, whole, 0.98)
        if not cell.any():
            continue
        targets[..., RBC][cell] = 255
        rims |= _rim(cell)
        cover += cell
        if cut:
            ys, xs = np.nonzero(cell)
            at.append((float(xs.mean()), float(ys.mean())))
        else:
            at.append(_middle(whole))
            sizes.append((*at[-1], ((whole[2] - whole[0]) * (whole[3] - whole[1])) ** 0.5))
    targets[..., OUTLINE][rims] = 255
    known[..., OUTLINE][cover > 1] = 0
    known[..., RBC][_rim(targets[..., RBC] > 0)] = 0
    draw_centres(targets[..., CENTRE], at, CENTRE_SIGMA * diameter_px)
    draw_sizes(targets, known, sizes, diameter_px)


def _white(
    targets: NDArray[np.uint8], known: NDArray[np.uint8], cells: Sequence[tuple[Corners, bool]], diameter_px: float
) -> None:
    """White cells, inside of which nothing is red; how far they reach an ellipse does not say to the pixel."""
    shape = targets.shape[:2]
    kernel = np.ones((3, 3), np.uint8)
    at = []
    for corners, cut in cells:
        whole = _completed(corners, shape, WHITE_SPREAD * diameter_px) if cut else corners
        cell = _ellipse(shape, whole, 0.97)
        if not cell.any():
            continue
        core = cv2.erode(cell.astype(np.uint8), kernel) > 0
        halo = (cv2.dilate(cell.astype(np.uint8), kernel) > 0) & ~core
        targets[..., WBC][cell] = 255
        known[..., WBC][halo] = 0
        for red in (RBC, OUTLINE):
            targets[..., red][core], known[..., red][core], known[..., red][halo] = 0, 1, 0
        ys, xs = np.nonzero(cell)
        at.append((float(xs.mean()), float(ys.mean())) if cut else _middle(whole))
    draw_centres(targets[..., WBC_CENTRE], at, WHITE_SPREAD * CENTRE_SIGMA * diameter_px)


def _scaled(box: Box, zoom: float) -> Corners:
    return box.left * zoom, box.top * zoom, box.right * zoom, box.bottom * zoom


def _middle(corners: Corners) -> tuple[float, float]:
    """In pixels whose centres are at integers."""
    return 0.5 * (corners[0] + corners[2]) - 0.5, 0.5 * (corners[1] + corners[3]) - 0.5


def _ellipse(shape: tuple[int, ...], corners: Corners, share: float) -> Mask:
    """The ellipse in a box, `share` as long and wide."""
    x, y = _middle(corners)
    half = [max(0.5, share * (corners[i + 2] - corners[i]) / 2.0) for i in (0, 1)]
    mask = np.zeros(shape[:2], np.uint8)
    cv2.ellipse(
        mask, (round(16 * x), round(16 * y)), (round(16 * half[0]), round(16 * half[1])), 0, 0, 360, 1, -1, cv2.LINE_8, 4
    )
    return np.asarray(mask > 0)


def _rim(cell: Mask) -> Mask:
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (3, 3))
    solid = cell.astype(np.uint8)
    return np.asarray(cv2.dilate(solid, kernel) != cv2.erode(solid, kernel))


def _completed(corners: Corners, shape: tuple[int, ...], diameter_px: float) -> Corners:
    """A cut box grown over the border to a usual cell: as wide as it is high where only one side is cut, within 15 to 20 %
    of `diameter_px`."""
    height, width = shape[:2]
    x0, y0, x1, y1 = corners
    left, right, top, bottom = x0 <= AT_BORDER_PX, x1 >= width - AT_BORDER_PX, y0 <= AT_BORDER_PX, y1 >= height - AT_BORDER_PX
    wide, high = x1 - x0, y1 - y0
    near_usual = [float(np.clip(other, 0.85 * diameter_px, 1.2 * diameter_px)) for other in (high, wide)]
    want_wide = max(wide, diameter_px if top or bottom else near_usual[0])
    want_high = max(high, diameter_px if left or right else near_usual[1])
    if left != right:
        x0, x1 = (x1 - want_wide, x1) if left else (x0, x0 + want_wide)
    if top != bottom:
        y0, y1 = (y1 - want_high, y1) if top else (y0, y0 + want_high)
    return x0, y0, x1, y1
