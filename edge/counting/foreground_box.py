"""The part of a map in which there is anything: white cells and platelets are few, and most of their maps is empty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import ceil

import cv2
import numpy as np

from edge.counting.cell import ClassMaps, Draw, Outline, Region
from edge.counting.masks import above
from edge.counting.settings import ClassSettings

Find = Callable[[ClassMaps, float, ClassSettings], list[Region]]

WORTH_IT = 0.7
"""A smaller share of the map is looked at alone."""


def within_foreground(find: Find) -> Find:
    """`find`, which gives regions in the foreground alone, looking at the box around the foreground and no further.

    The box has an expected diameter to spare on all sides: no smoothing, distance or marker of a method reaches as far,
    so that the regions are the same.
    """

    def found(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
        spare_px = ceil(settings.diameter_px(cell_diameter_px)) + 4
        left, top, width, height = cv2.boundingRect(above(maps.foreground, settings.foreground_threshold))
        if width == 0:
            return []
        rows = slice(max(0, top - spare_px), top + height + spare_px)
        columns = slice(max(0, left - spare_px), left + width + spare_px)
        box = ClassMaps(
            *(None if one is None else one[rows, columns] for one in (maps.foreground, maps.outline, maps.centre))  # type: ignore[arg-type]  # a foreground is there
        )
        if box.foreground.size > WORTH_IT * maps.foreground.size:
            return find(maps, cell_diameter_px, settings)
        corner = np.array([columns.start, rows.start], np.float32)
        return [
            replace(one, x=one.x + columns.start, y=one.y + rows.start, draw=partial(_moved, one.draw, corner))
            for one in find(box, cell_diameter_px, settings)
        ]

    return found


def _moved(draw: Draw, corner: Outline) -> Outline:
    return draw() + corner
