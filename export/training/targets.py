"""What the field network should say of each pixel, and where nobody knows.

All targets are drawn at one scale, so that a centre's blob and an outline's width are the same for every corpus.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.smear.cells import Kind
from edge.smear.staining import Plate
from edge.smear.truth import TrueCell

CHANNELS = ("rbc", "rbc_outline", "rbc_centre", "wbc", "wbc_centre", "plt")
RBC, OUTLINE, CENTRE, WBC, WBC_CENTRE, PLT = range(6)
CENTRE_SIGMA = 0.12
"""A centre's blob has this standard deviation, in red cell diameters (1.6 times that for white cells)."""

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture with its targets at the training scale.

    `pixels` (height, width, 3) uint8 RGB, `targets` (height, width, 6) uint8 (255 = certain), `known` (height, width, 6) uint8,
    1 where the target may be learnt from, 0 where nobody labelled.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    known: NDArray[np.uint8]


def blank(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Targets of no cell at all, and everything known."""
    shape = (*pixels.shape[:2], len(CHANNELS))
    return np.zeros(shape, np.uint8), np.ones(shape, np.uint8)


def draw_centres(target: NDArray[np.uint8], centres: Iterable[tuple[float, float]], sigma_px: float) -> None:
    """Draw a Gaussian blob at each x, y; where two meet the larger value stands."""
    reach = int(np.ceil(3.5 * sigma_px))
    height, width = target.shape
    for x, y in centres:
        x0, x1 = max(0, int(x) - reach), min(width, int(x) + reach + 2)
        y0, y1 = max(0, int(y) - reach), min(height, int(y) + reach + 2)
        if x0 >= x1 or y0 >= y1:
            continue
        ys, xs = np.mgrid[y0:y1, x0:x1]
        blob = 255.0 * np.exp(-((xs - x) ** 2 + (ys - y) ** 2) / (2.0 * sigma_px**2))
        target[y0:y1, x0:x1] = np.maximum(target[y0:y1, x0:x1], blob.astype(np.uint8))


def rims(labels: Labels, width_px: float) -> Mask:
    """Pixels of a label within half of `width_px` of another label or of the background."""
    half = max(1, round(width_px / 2.0))
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * half + 1, 2 * half + 1))
    as_float = labels.astype(np.float32)
    return np.asarray((labels > 0) & (cv2.dilate(as_float, kernel) != cv2.erode(as_float, kernel)))


def from_truth(pixels: NDArray[np.uint8], plate: Plate, cells: Iterable[TrueCell], diameter_px: float) -> Patch:
    """Targets of a rendered field: everything is known; debris is no cell.

    The centre of a cell half hidden by another lies between its own and that of its visible part, so that the crescents of a
    stack stay apart.
    """
    targets, known = blank(pixels)
    kinds = np.zeros(int(plate.top.max()) + 1, np.int8)
    cells = list(cells)
    for cell in cells:
        kinds[cell.index + 1] = {Kind.RBC: 1, Kind.WBC: 2, Kind.PLT: 3}[cell.kind]
    kind = kinds[plate.top]
    red = np.where(kind == 1, plate.top, 0).astype(np.int32)
    targets[..., RBC][red > 0] = 255
    targets[..., OUTLINE][rims(red, 0.09 * diameter_px)] = 255
    targets[..., WBC][kind == 2] = 255
    targets[..., PLT][kind == 3] = 255
    height, width = plate.top.shape
    for channel, wanted, spread in ((CENTRE, Kind.RBC, 1.0), (WBC_CENTRE, Kind.WBC, 1.6)):
        at = []
        for cell in (c for c in cells if c.kind is wanted):
            x, y = 0.5 * (cell.x + cell.seen_x), 0.5 * (cell.y + cell.seen_y)
            if cell.border:
                x, y = cell.seen_x, cell.seen_y
            at.append((min(max(x, 0.0), width - 1.0), min(max(y, 0.0), height - 1.0)))
        draw_centres(targets[..., channel], at, spread * CENTRE_SIGMA * diameter_px)
    return Patch(pixels, targets, known)
