"""The result of counting one field."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

import numpy as np

from edge.counting.cell import Cell, CellClass, Method
from edge.counting.interval import Interval
from edge.counting.marks import Mark, Reason

LOOK_AGAIN = 0.25
LOOK_AGAIN_CELLS = 3
"""A field on which the methods disagree by this share and by this many cells deserves a second look: half a percent of the
labelled fields of `val` do."""


class BorderRule(str, Enum):
    """Which cells at the frame's border count.

    ALL: every visible piece. CENTRE_INSIDE: those whose centre lies at least half a red cell diameter inside.
    TWO_EDGE: as in a counting chamber, cells that reach over the top or left line count, over the bottom or right line not. The
    lines lie half a red cell diameter inside the frame, so that each cell on them shows whole and no sliver is judged.
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

    @property
    def words(self) -> str:
        """As a person reads it; the value is what the record and programs have."""
        return {"um-per-px": "from µm/px", "cell-diameter-px": "given"}.get(self.value, self.value)


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
    by stage (`scale`, `prepare`, `infer`, `decode`, `count`). `intervals` are 95 %, of the classes whose errors the model's
    manifest knows. `noticed` is what spoke against the count when it was made. `in_frame` is the number of cells in the
    counting frame (edge.counting.border), whose area is `frame_area_px`: what totals per area are made of. `classifier` is what
    named types of cells, "" where nothing did.
    """

    cells: tuple[Cell, ...]
    width_px: int
    height_px: int
    scale: Scale
    border_rule: BorderRule
    methods: Mapping[CellClass, Method]
    by_method: Mapping[CellClass, Mapping[Method, int]]
    ms: Mapping[str, float]
    intervals: Mapping[CellClass, Interval] = field(default_factory=dict)
    noticed: tuple[Mark, ...] = ()
    in_frame: Mapping[CellClass, int] = field(default_factory=dict)
    frame_area_px: float = 0.0
    classifier: str = ""

    @property
    def counts(self) -> dict[CellClass, int]:
        """Number of cells by class; a class that the model does not see is absent, never 0."""
        return {kind: sum(cell.cell_class is kind for cell in self.cells) for kind in self.methods}

    @property
    def disagreement(self) -> dict[CellClass, float]:
        """Spread between the methods by class: their interquartile range over the larger of 1 and the chosen count.

        One method that fails on a kind of field (Hough on bent cells, components in stacks) does not make it large; two do.
        """
        chosen = self.counts
        return {
            kind: _interquartile_range(found.values()) / max(1, chosen[kind]) for kind, found in self.by_method.items() if found
        }

    @property
    def marks(self) -> tuple[Mark, ...]:
        """Everything that speaks against the count; empty where nothing does."""
        apart = [f"{kind.plural} {share:.0%}" for kind, share in self.doubtful.items()]
        return (*self.noticed, *([Mark(Reason.METHODS, f"the methods are apart: {', '.join(apart)}")] if apart else []))

    def per_mm2(self, um_per_px: float) -> dict[CellClass, float]:
        """Cells per square millimetre by class, from the counting frame; empty where the field has no room for one."""
        area_mm2 = self.frame_area_px * (um_per_px / 1000.0) ** 2
        return {kind: number / area_mm2 for kind, number in self.in_frame.items()} if area_mm2 > 0.0 else {}

    @property
    def doubtful(self) -> dict[CellClass, float]:
        """The classes whose methods disagree so much that a person should look again, with their disagreement."""
        chosen = self.counts
        return {
            kind: share
            for kind, share in self.disagreement.items()
            if share >= LOOK_AGAIN and share * max(1, chosen[kind]) >= LOOK_AGAIN_CELLS
        }


def _interquartile_range(numbers: Iterable[int]) -> float:
    low, high = np.percentile(list(numbers), (25, 75))
    return float(high - low)
