"""How a class of cell is told apart: thresholds, and lengths as ratios of a diameter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite, pi
from types import MappingProxyType

from edge.counting.cell import CellClass


@dataclass(frozen=True, slots=True)
class ClassSettings:
    """Settings of one class. Thresholds are probabilities 0..1, every length is a ratio, none is in pixels.

    `diameter_ratio` is the expected diameter of the class over the red cell diameter. All other ratios are of that
    expected diameter (lengths) or of the area of the disc that has it (areas).

    `min_area_ratio`: smaller pieces are debris; the truth of ALL-IDB1 (DO-U-Net, Overton and Tucker 2020) counts pieces
    above about a tenth of the median area.
    `min_separation_ratio`: two cells closer than this are one.
    `merge_valley_ratio`: two peaks are one cell where the lowest value between them is above this share of the lower peak.
    `outline_width_ratio`: full width of the outline map's line (4 px of 70 px in the masks of ALL-IDB1).
    `min_arc_ratio`: share of a circle's visible rim that must vote for it (Hough).
    `min_cover_ratio`: share of a circle that must be foreground (Hough).
    """

    diameter_ratio: float = 1.0
    foreground_threshold: float = 0.5
    centre_threshold: float = 0.35
    outline_threshold: float = 0.5
    min_area_ratio: float = 0.1
    min_separation_ratio: float = 0.3
    merge_valley_ratio: float = 0.85
    outline_width_ratio: float = 0.06
    min_arc_ratio: float = 0.25
    min_cover_ratio: float = 0.7

    def __post_init__(self) -> None:
        for name in self.__slots__:
            value = getattr(self, name)
            if not (isfinite(value) and value > 0.0):
                raise ValueError(f"{name} must be above 0, not {value}")
            if name != "diameter_ratio" and value >= 1.0:
                raise ValueError(f"{name} must be below 1, not {value}")

    def diameter_px(self, cell_diameter_px: float) -> float:
        """Expected diameter of the class where a red cell has `cell_diameter_px`. Raises ValueError if that is not above 0."""
        if not (isfinite(cell_diameter_px) and cell_diameter_px > 0.0):
            raise ValueError(f"cell_diameter_px must be above 0, not {cell_diameter_px}")
        return self.diameter_ratio * cell_diameter_px

    def min_area_px(self, cell_diameter_px: float) -> float:
        """The smallest area that is a cell, in square pixels."""
        return self.min_area_ratio * pi / 4.0 * self.diameter_px(cell_diameter_px) ** 2


DEFAULT_SETTINGS: Mapping[CellClass, ClassSettings] = MappingProxyType(
    {
        CellClass.RBC: ClassSettings(),
        # Lobes of one nucleus lie up to half a cell apart: separate and merge more reluctantly than red cells.
        CellClass.WBC: ClassSettings(
            diameter_ratio=1.5, min_area_ratio=0.12, min_separation_ratio=0.45, merge_valley_ratio=0.75
        ),
        CellClass.PLT: ClassSettings(
            diameter_ratio=0.35, min_area_ratio=0.15, min_separation_ratio=0.6, outline_width_ratio=0.15
        ),
    }
)
