"""Which cells at the frame's border count."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from edge.counting.cell import Cell, Outline
from edge.counting.field_count import BorderRule

TOLERANCE_PX = 0.51
"""A cut cell's outline lies on the border, at -0.5; one whose pixels merely reach the last row is cut for all we know."""


class Touched(NamedTuple):
    """The edges of the frame that an outline reaches."""

    left: bool
    top: bool
    right: bool
    bottom: bool


def touched_edges(outline: Outline, shape: tuple[int, int], tolerance_px: float = TOLERANCE_PX) -> Touched:
    """Edges of a (height, width) frame that `outline` comes within `tolerance_px` of; the frame spans -0.5..width - 0.5."""
    height, width = shape
    left, top = outline.min(axis=0).tolist()
    right, bottom = outline.max(axis=0).tolist()
    return Touched(
        left=left <= tolerance_px - 0.5,
        top=top <= tolerance_px - 0.5,
        right=right >= width - 0.5 - tolerance_px,
        bottom=bottom >= height - 0.5 - tolerance_px,
    )


def touches_border(outline: Outline, shape: tuple[int, int], tolerance_px: float = TOLERANCE_PX) -> bool:
    """True where the border of a (height, width) frame cuts the cell with this outline."""
    return any(touched_edges(outline, shape, tolerance_px))


def at_border(outlines: Sequence[Outline], shape: tuple[int, int], tolerance_px: float = TOLERANCE_PX) -> list[bool]:
    """`touches_border` of many outlines at once."""
    if not outlines:
        return []
    points = np.concatenate(outlines)
    starts = np.cumsum([0, *(len(outline) for outline in outlines[:-1])])
    low = np.minimum.reduceat(points, starts, axis=0) <= tolerance_px - 0.5
    last = np.array([shape[1], shape[0]], np.float64) - 0.5 - tolerance_px
    high = np.maximum.reduceat(points, starts, axis=0) >= last
    touched = np.asarray((low | high).any(axis=1))
    return [bool(each) for each in touched.tolist()]


def admitted(cells: Iterable[Cell], rule: BorderRule, width_px: int, height_px: int, cell_diameter_px: float) -> list[Cell]:
    """Those of `cells` that count in a frame of `width_px` x `height_px` under `rule`, in their order.

    Two edges: what reaches the right or bottom line does not count even if it also reaches the left or top one, as the
    lines of a Neubauer chamber forbid, nor what lies beyond a line; so frames side by side count a cell on their common
    line exactly once (Gundersen's unbiased counting frame, Journal of Microscopy 111, 1977).
    """
    if rule is BorderRule.ALL:
        return list(cells)
    if rule is BorderRule.CENTRE_INSIDE:
        half_px = cell_diameter_px / 2.0 - 0.5
        right_px, bottom_px = width_px - 1.0 - half_px, height_px - 1.0 - half_px
        return [cell for cell in cells if half_px <= cell.x <= right_px and half_px <= cell.y <= bottom_px]
    return [cell for cell in cells if _in_frame(cell, width_px, height_px, cell_diameter_px / 2.0)]


def frame_area_px(width_px: int, height_px: int, cell_diameter_px: float) -> float:
    """The area of the counting frame, in square pixels of the picture; 0 where a picture is no larger than a cell."""
    return max(0.0, width_px - cell_diameter_px) * max(0.0, height_px - cell_diameter_px)


def _in_frame(cell: Cell, width_px: int, height_px: int, inset_px: float) -> bool:
    """Whether a cell counts in the frame that lies `inset_px` inside the picture, which spans -0.5..width - 0.5: its rightmost
    and its lowest point lie in the frame."""
    first, right, bottom = inset_px - 0.5, width_px - 0.5 - inset_px, height_px - 0.5 - inset_px
    if cell.x >= right or cell.y >= bottom:
        return False
    # Of most cells the outline, which takes longest to draw, need not be known.
    reach = max(cell.diameter_px, 2.0 * inset_px)
    if first <= cell.x < right - reach and first <= cell.y < bottom - reach:
        return True
    x, y = cell.ends or cell.outline.max(axis=0).tolist()
    return bool(first <= x < right and first <= y < bottom)
