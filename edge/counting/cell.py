"""What counting finds: regions in a probability map, and cells in a field."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from math import pi, sqrt

import numpy as np
from numpy.typing import NDArray

ProbabilityMap = NDArray[np.float32]
Outline = NDArray[np.float32]
Draw = Callable[[], Outline]


class CellClass(str, Enum):
    """The three kinds of blood cell that are counted."""

    RBC = "rbc"
    WBC = "wbc"
    PLT = "plt"

    @property
    def plural(self) -> str:
        """The kind as a person reads it, in the plural."""
        return {"rbc": "red cells", "wbc": "white cells", "plt": "platelets"}[self.value]


class Method(str, Enum):
    """How cells are told apart in a probability map."""

    CENTRES = "centres"
    WATERSHED = "watershed"
    HOUGH = "hough"
    COMPONENTS = "components"
    DISTANCE_PEAKS = "distance-peaks"


@dataclass(frozen=True, slots=True, eq=False)
class ClassMaps:
    """What a network says of one class: probabilities 0..1 in (height, width) float32 maps of equal shape.

    `foreground` is the cell's whole area, `outline` its rim and its edge against a neighbour, `centre` a blob at each
    cell's centre, `size` how large the cell at a pixel is (engines.cell_size). All but `foreground` are None where the network
    has no such output.
    """

    foreground: ProbabilityMap
    outline: ProbabilityMap | None = None
    centre: ProbabilityMap | None = None
    size: ProbabilityMap | None = None

    def __post_init__(self) -> None:
        for name in ("foreground", "outline", "centre", "size"):
            array = getattr(self, name)
            if array is None:
                continue
            if array.dtype != np.float32 or array.shape != self.foreground.shape or array.ndim != 2:
                raise ValueError(f"{name} must be (height, width) float32 like foreground, not {array.shape} {array.dtype}")


@dataclass(frozen=True, slots=True, eq=False)
class Region:
    """One cell in a probability map, in that map's pixels (x to the right, y down, pixel centres at integers).

    `draw` gives its outline; most are never looked at, and to draw them takes a quarter of the time of counting. `confidence`
    is 0..1, `border` True where the map's border cuts the cell. `ends` are x of its rightmost and y of its lowest point,
    where they are known without drawing.
    """

    x: float
    y: float
    area_px: float
    draw: Draw
    confidence: float
    border: bool
    ends: tuple[float, float] | None = None

    @property
    def outline(self) -> Outline:
        """(n, 2) float32 of x, y, closed implicitly, n >= 3."""
        return self.draw()


@dataclass(frozen=True, slots=True)
class CellType:
    """What kind of its class a classifier takes a cell for: `name` is None where it is unsure, `probability` is calibrated."""

    name: str | None
    probability: float


@dataclass(frozen=True, slots=True, eq=False)
class Cell:
    """One counted cell, in the pixels of the frame it was seen in.

    `drawn` is its outline, or what draws it when it is asked for. `border` is True where the frame's border cuts the cell.
    `um_per_px` is None on an uncalibrated microscope. `ends` are the x of its rightmost and the y of its lowest point, where
    they are known without drawing. `type` is None where no classifier looked at it.
    """

    cell_class: CellClass
    x: float
    y: float
    area_px: float
    drawn: Outline | Draw
    confidence: float
    border: bool
    um_per_px: float | None = None
    ends: tuple[float, float] | None = None
    type: CellType | None = None

    @property
    def outline(self) -> Outline:
        """(n, 2) float32 of x, y, closed implicitly, n >= 3."""
        return self.drawn() if callable(self.drawn) else self.drawn

    @property
    def diameter_px(self) -> float:
        """Diameter of the circle of equal area, in pixels."""
        return 2.0 * sqrt(self.area_px / pi)

    @property
    def diameter_um(self) -> float | None:
        """Diameter of the circle of equal area, in micrometres."""
        return None if self.um_per_px is None else self.diameter_px * self.um_per_px

    @property
    def area_um2(self) -> float | None:
        return None if self.um_per_px is None else self.area_px * self.um_per_px**2
