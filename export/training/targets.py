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
from engines.cell_size import probability_of

CHANNELS = ("rbc", "rbc_outline", "rbc_centre", "wbc", "wbc_centre", "plt", "plt_centre", "rbc_size")
RBC, OUTLINE, CENTRE, WBC, WBC_CENTRE, PLT, PLT_CENTRE, SIZE = range(8)
RED = (RBC, OUTLINE, CENTRE)
CENTRE_SIGMA = 0.12
"""A centre's blob has this standard deviation, in red cell diameters, times the class' spread below."""
WHITE_SPREAD, PLATELET_SPREAD = 1.6, 0.7
SIZE_CORE = 0.35
"""A cell says its size within this share of its diameter round its centre, where neighbours rarely reach."""

Mask = NDArray[np.bool_]
Labels = NDArray[np.int32]


@dataclass(frozen=True, slots=True, eq=False)
class Patch:
    """A picture with its targets at the training scale.

    `pixels` (height, width, 3) uint8 RGB, `targets` (height, width, 8) uint8 (255 = certain), `known` (height, width, 8) uint8,
    1 where the target may be learnt from, 0 where nobody labelled. Channels are `CHANNELS`; what SIZE means: engines.cell_size.
    """

    pixels: NDArray[np.uint8]
    targets: NDArray[np.uint8]
    known: NDArray[np.uint8]


def blank(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Targets of no cell at all, and everything known but sizes, which only cells have."""
    shape = (*pixels.shape[:2], len(CHANNELS))
    known = np.ones(shape, np.uint8)
    known[..., SIZE] = 0
    return np.zeros(shape, np.uint8), known


def draw_sizes(
    targets: NDArray[np.uint8], known: NDArray[np.uint8], cells: Iterable[tuple[float, float, float]], diameter_px: float
) -> None:
    """Write the size of each cell (x, y, its diameter) into its middle; red cells of the model have `diameter_px`."""
    for x, y, size_px in cells:
        middle, radius = (round(x), round(y)), max(1, round(SIZE_CORE * size_px))
        said = round(255.0 * probability_of(size_px / diameter_px))
        for plane, value in ((targets, said), (known, 1)):
            layer = np.ascontiguousarray(plane[..., SIZE])
            cv2.circle(layer, middle, radius, value, thickness=-1)
            plane[..., SIZE] = layer


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


def seen_middle(outline: NDArray[np.float64], shape: tuple[int, int]) -> tuple[float, float]:
    """The centroid x, y of what a (height, width) frame shows of a cell with this (n, 2) outline, whatever else covers it."""
    height, width = shape
    left, top = np.floor(np.clip(outline.min(axis=0), (0, 0), (width - 1, height - 1))).astype(int)
    right, bottom = np.ceil(np.clip(outline.max(axis=0), (0, 0), (width - 1, height - 1))).astype(int)
    mask = np.zeros((bottom - top + 1, right - left + 1), np.uint8)
    cv2.fillPoly(mask, [np.rint(outline - (left, top)).astype(np.int32)], 1)
    ys, xs = np.nonzero(mask)
    if len(xs) == 0:
        x, y = np.clip(outline.mean(axis=0), (0, 0), (width - 1, height - 1))
        return float(x), float(y)
    return float(xs.mean() + left), float(ys.mean() + top)


def half_way(whole: tuple[float, float], seen: tuple[float, float]) -> tuple[float, float]:
    """Where the centre of a partly hidden cell is drawn: between those of the `whole` cell and of the piece that is `seen`."""
    return (whole[0] + seen[0]) / 2.0, (whole[1] + seen[1]) / 2.0


def from_truth(pixels: NDArray[np.uint8], plate: Plate, cells: Iterable[TrueCell], diameter_px: float) -> Patch:
    """Targets of a rendered field: everything is known; debris is no cell.

    The centre of a cell that another partly hides lies half way between its own and that of what shows, so that the crescents
    of a stack stay apart; of a cell that the border cuts it is the middle of what the frame shows.
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
    for channel, wanted, spread in (
        (CENTRE, Kind.RBC, 1.0), (WBC_CENTRE, Kind.WBC, WHITE_SPREAD), (PLT_CENTRE, Kind.PLT, PLATELET_SPREAD),
    ):  # fmt: skip
        mine = [cell for cell in cells if cell.kind is wanted]
        whole = [seen_middle(cell.outline, plate.top.shape) if cell.border else (cell.x, cell.y) for cell in mine]
        at = [half_way((x, y), (cell.seen_x, cell.seen_y)) for (x, y), cell in zip(whole, mine, strict=True)]
        draw_centres(targets[..., channel], at, spread * CENTRE_SIGMA * diameter_px)
    sizes = [(c.x, c.y, 2.0 * (c.area_px / np.pi) ** 0.5) for c in cells if c.kind is Kind.RBC and not c.border]
    draw_sizes(targets, known, sizes, diameter_px)
    return Patch(pixels, targets, known)
