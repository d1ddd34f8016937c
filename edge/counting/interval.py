"""How far the true number of cells may lie from the counted one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import ceil, floor, sqrt

import numpy as np

from edge.counting.cell import Cell
from edge.counting.peaks import near_pairs

UNSURE_BELOW = 0.5
"""A cell of less confidence is one that the network hesitates about."""
CROWDED_RATIO = 0.75
"""Two cells whose centres are closer than this share of a diameter lie on each other: where some do, others may be hidden."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The 95 % interval of a count, both ends inclusive."""

    low: int
    high: int

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high


@dataclass(frozen=True, slots=True)
class Tally:
    """A count with what makes it doubtful: of its cells those that the border cuts, those below UNSURE_BELOW, and those that
    lie on another one."""

    count: int
    border: int
    unsure: int
    crowded: int


def tally(cells: Sequence[Cell], diameter_px: float) -> Tally:
    """Of cells of one class, whose usual diameter is `diameter_px`."""
    x, y = (np.array([getattr(cell, name) for cell in cells], np.float32) for name in ("x", "y"))
    first, second, _ = near_pairs(x, y, CROWDED_RATIO * diameter_px)
    return Tally(
        len(cells), sum(cell.border for cell in cells), sum(cell.confidence < UNSURE_BELOW for cell in cells),
        len({*first.tolist(), *second.tolist()}),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How a model errs on one class, as it was found on labelled fields that it did not learn from (`export.calibration`).

    The error's variance is `constant` + `border` * (cells that the border cuts) + `unsure` * (unsure cells) + (`share` *
    count) ** 2 + (`crowded` * crowded cells) ** 2; of its square root the truth lies at most `below` times under the count
    and `above` times over it, in 95 of 100 fields.
    """

    constant: float
    border: float
    unsure: float
    share: float
    crowded: float
    below: float
    above: float

    def deviation(self, of: Tally) -> float:
        """The standard deviation of the error, in cells."""
        alone = self.constant + self.border * of.border + self.unsure * of.unsure
        return sqrt(alone + (self.share * of.count) ** 2 + (self.crowded * of.crowded) ** 2)

    def interval(self, of: Tally) -> Interval:
        """Of the count of one class in one field."""
        deviation = self.deviation(of)
        return Interval(max(0, ceil(of.count - self.below * deviation)), floor(of.count + self.above * deviation))
