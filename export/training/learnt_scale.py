"""How large red cells were in pictures that were learnt from at a fixed side."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from export.training.pixel_data import Patches
from export.training.targets import RBC

MOST_PICTURES = 200
LEAST_AREA_PX = 12


def learnt_diameter_px(patches: Patches) -> float | None:
    """The median diameter of the single round pieces of the red cells' masks, each taken as a disc; None where there is none.

    A piece is round that fills its box as a disc does (pi / 4 of it) and touches no border.
    """
    found: list[float] = []
    for index in range(0, len(patches), max(1, len(patches) // MOST_PICTURES)):
        mask = patches[index].targets[..., RBC] > 127
        labels, _ = ndimage.label(mask)
        for number, (rows, columns) in enumerate(ndimage.find_objects(labels), start=1):
            height, width = rows.stop - rows.start, columns.stop - columns.start
            if min(rows.start, columns.start) == 0 or rows.stop == mask.shape[0] or columns.stop == mask.shape[1]:
                continue
            area = int((labels[rows, columns] == number).sum())
            if area >= LEAST_AREA_PX and 0.68 < area / (height * width) < 0.87 and 0.75 < height / width < 1.33:
                found.append(2.0 * (area / np.pi) ** 0.5)
    return float(np.median(found)) if found else None
