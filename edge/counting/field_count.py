"""The result of counting one field."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from edge.counting.cells import Cell, CellClass, Method


class BorderRule(str, Enum):
    """Which cells at the frame's border count.

    ALL: every visible piece. CENTRE_INSIDE: those whose centre lies at least half a red cell diameter inside.
    TWO_EDGE: as in a counting chamber, pieces cut by the top or left edge count, by the bottom or right edge not.
    """

    ALL = "all"
    CENTRE_INSIDE = "centre-inside"
    TWO_EDGE = "two-edge"


class ScaleSource(str, Enum):
    """Where the red cell diameter came from. MEASURED: from the cells that the network found, at a second look.
    ASSUMED: nothing in the field can be measured, as on empty glass."""

    CALIBRATED = "um-per-px"
    GIVEN = "cell-diameter-px"
    ESTIMATED = "estimated"
    MEASURED = "measured"
    ASSUMED = "assumed"


@dataclass(frozen=True, slots=True)
class Scale:
    """The red cell diameter in frame pixels and its relative spread (interquartile range / median; 0 where it was given)."""

    cell_diameter_px: float
    spread: float
    source: ScaleSource


@dataclass(frozen=True, slots=True, eq=False)
class FieldCount:
    """The cells of one field, with how they were counted.

    `cells` are those that the border rule admits, in a fixed order (top to bottom, left to right). `by_method` has the
    number of cells by each method that was run, chosen one included, under the same border rule. `ms` are milliseconds
    by stage (`scale`, `prepare`, `infer`, `decode`, `count`).
    """

    cells: tuple[Cell, ...]
    width_px: int
    height_px: int
    scale: Scale
    border_rule: BorderRule
    methods: Mapping[CellClass, Method]
    by_method: Mapping[CellClass, Mapping[Method, int]]
    ms: Mapping[str, float]

    @property
    def counts(self) -> dict[CellClass, int]:
        """Number of cells by class; a class that the model does not see is absent, never 0."""
        return {kind: sum(cell.cell_class is kind for cell in self.cells) for kind in self.methods}

    @property
    def disagreement(self) -> dict[CellClass, float]:
        """Spread between the methods, (largest - smallest) / larger of 1 and the chosen count, by class."""
        chosen = self.counts
        return {
            kind: (max(found.values()) - min(found.values())) / max(1, chosen[kind])
            for kind, found in self.by_method.items()
            if found
        }
