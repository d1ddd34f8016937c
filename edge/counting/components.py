"""Counting by connected components."""

from __future__ import annotations

import cv2
import numpy as np

from edge.counting.cell import ClassMaps, Region
from edge.counting.flood import flood
from edge.counting.interior import foreground_mask, interior_mask
from edge.counting.labelled import regions_with_mean
from edge.counting.masks import no_labels
from edge.counting.settings import ClassSettings

MAX_LABELS = 65535


def find(maps: ClassMaps, cell_diameter_px: float, settings: ClassSettings) -> list[Region]:
    """One region a connected piece of foreground minus outline, with its mean foreground as confidence.

    As the DO-U-Net counting paper (Gharbi et al.) counts, but that the background's label is no cell and specks are none.
    Pieces grow back over the outline for their area; without an outline map touching cells are one.
    """
    diameter_px = settings.diameter_px(cell_diameter_px)
    inside = foreground_mask(maps, diameter_px, settings)
    interior = interior_mask(maps, inside, settings)
    count, pieces = cv2.connectedComponents(interior, connectivity=4)
    area = np.bincount(pieces.ravel(), minlength=count)
    width = settings.outline_width_ratio if maps.outline is not None else 0.0
    # A disc loses a share of about four half-widths of outline, all around; the limit is for the piece that is left.
    limit_px = settings.min_area_px(cell_diameter_px) * (1.0 - 2.0 * width)
    cells = np.flatnonzero(area[1:] >= limit_px)[:MAX_LABELS] + 1
    number = no_labels((count,), len(cells))
    number[cells] = np.arange(1, len(cells) + 1)
    labels = number[pieces]
    if width > 0.0:
        labels = flood(labels, inside, maps.outline, max(2.0, 1.5 * width * diameter_px))
    return regions_with_mean(labels, len(cells), maps.foreground, 1.0)
