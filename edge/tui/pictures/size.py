"""The size of a terminal's character cell, and how many true pixels a picture in it gets."""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

# More pixels than this cost more to encode than the eye gains, on two cores and over ssh.
_MOST_PX = 480_000


@dataclass(frozen=True, slots=True)
class CellSize:
    """A character cell in the terminal's pixels."""

    width_px: int
    height_px: int

    @property
    def aspect(self) -> float:
        return self.height_px / self.width_px

    def area_px(self, columns: int, rows: int) -> tuple[int, int]:
        """Width and height of an area of character cells."""
        return columns * self.width_px, rows * self.height_px

    def raster_px(self, columns: int, rows: int) -> tuple[int, int]:
        """The same shape with no more pixels than are worth sending, where the terminal enlarges."""
        width, height = self.area_px(columns, rows)
        scale = min(1.0, sqrt(_MOST_PX / (width * height)))
        return max(1, round(width * scale)), max(1, round(height * scale))
