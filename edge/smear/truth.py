"""What is really in a window of a rendered smear."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from edge.smear.cells import Kind, Shape
from edge.smear.slide import Smear
from edge.smear.staining import Plate

LEAST_VISIBLE = 0.08
"""A cell of which less than this share shows from under the others is no cell that anybody could count."""


@dataclass(frozen=True, slots=True, eq=False)
class TrueCell:
    """A cell that shows in the window. `index` names it on the whole smear, so that it is the same in every window.

    `x`, `y` are its true centre in the window's pixels (outside the window where the border cuts off its middle);
    `seen_x`, `seen_y` the centroid of what shows; `outline` is (n, 2) float64, hidden parts included, and `area_px` its area;
    `seen_px` the area that shows in the window; `visible` is the share of its area in the window that no other cell hides;
    `border` is True where the window's border cuts it.
    """

    index: int
    kind: Kind
    shape: Shape
    x: float
    y: float
    seen_x: float
    seen_y: float
    outline: NDArray[np.float64]
    area_px: float
    seen_px: float
    visible: float
    border: bool


def true_cells(smear: Smear, plate: Plate, x_um: float, y_um: float, um_per_px: float) -> tuple[TrueCell, ...]:
    """The cells that show in the window with this upper left corner, in the order of their index."""
    height_px, width_px = plate.top.shape
    ids = plate.top.ravel()
    seen_px = np.bincount(ids, minlength=len(smear.cells) + 1)
    ys, xs = np.divmod(np.arange(ids.size), width_px)
    sum_x, sum_y = np.bincount(ids, weights=xs, minlength=seen_px.size), np.bincount(ids, weights=ys, minlength=seen_px.size)
    found = []
    for number in np.flatnonzero(seen_px):
        if number == 0:
            continue
        cell = smear.cells[number - 1]
        outline = (cell.contour_um() - (x_um, y_um)) / um_per_px
        area_px = _polygon_area(outline)
        border = bool((outline.min(axis=0) < -0.5).any() or (outline.max(axis=0) > (width_px - 0.5, height_px - 0.5)).any())
        inside_px = area_px if not border else _clipped_area(outline, width_px, height_px)
        visible = min(1.0, float(seen_px[number]) / max(1.0, inside_px))
        if visible < LEAST_VISIBLE or seen_px[number] < 0.01 * area_px:
            continue
        found.append(
            TrueCell(
                int(number - 1),
                cell.kind,
                cell.shape,
                (cell.x_um - x_um) / um_per_px,
                (cell.y_um - y_um) / um_per_px,
                float(sum_x[number] / seen_px[number]),
                float(sum_y[number] / seen_px[number]),
                outline,
                area_px,
                float(seen_px[number]),
                visible,
                border,
            )
        )
    return tuple(found)


def _polygon_area(outline: NDArray[np.float64]) -> float:
    """Gauss's area formula."""
    x, y = outline[:, 0], outline[:, 1]
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def _clipped_area(outline: NDArray[np.float64], width_px: int, height_px: int) -> float:
    """The area of the part inside the window (exact for contours that leave it at one side; enough for a share)."""
    clipped = np.clip(outline, (-0.5, -0.5), (width_px - 0.5, height_px - 0.5))
    return _polygon_area(clipped)
