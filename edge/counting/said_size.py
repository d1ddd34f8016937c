"""The red cell diameter that a network says itself, on its channel of sizes."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import numpy as np

from edge.counting.cell import ClassMaps
from engines.cell_size import ratio_of

SURE, MIDDLE = 0.5, 0.15
"""Pixels that are red cells above the one probability, and a cell's middle above the other, have a say: only there does a
network learn a size. Nearer to the rim it says 10 % less."""
MIDDLE_RATIO = 0.23
"""The radius of what is above MIDDLE, in canonical diameters: that of a Gaussian of 0.12."""
LEAST_CELLS = 1.5
"""So many cells' middles must show."""


@dataclass(frozen=True, slots=True)
class SaidSize:
    """The median diameter of a field's red cells in canonical diameters, its spread (interquartile range / median), and of
    about how many cells it is the median."""

    ratio: float
    spread: float
    cells: float


def said_size(maps: ClassMaps, canonical_px: float) -> SaidSize | None:
    """How large the red cells in these maps are, where the canonical one has `canonical_px` of the maps' pixels.

    It holds also where they are 0.4 to 2.8 canonical diameters, which the network has learnt to see. None without channels of
    sizes and centres, and where fewer than LEAST_CELLS show.
    """
    if maps.size is None or maps.centre is None:
        return None
    said = ratio_of(maps.size[(maps.foreground > SURE) & (maps.centre > MIDDLE)])
    cells = len(said) / (pi * (MIDDLE_RATIO * canonical_px) ** 2)
    if cells < LEAST_CELLS:
        return None
    low, middle, high = np.quantile(said, (0.25, 0.5, 0.75)).tolist()
    return SaidSize(middle, (high - low) / middle, cells)
