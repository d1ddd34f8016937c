"""How far the true number of cells may lie from the counted one."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, floor, sqrt

from edge.counting.cells import Cell

UNSURE_BELOW = 0.5
"""A cell of less confidence is one that the network hesitates about."""


@dataclass(frozen=True, slots=True)
class Interval:
    """The 95 % interval of a count, both ends inclusive."""

    low: int
    high: int

    def __contains__(self, number: int) -> bool:
        return self.low <= number <= self.high


@dataclass(frozen=True, slots=True)
class Uncertainty:
    """How a model errs on one class, as it was found on labelled fields that it did not learn from (`export.calibration`).

    The error's variance is `constant` + `border` * (cells that the border cuts) + `unsure` * (cells below UNSURE_BELOW) +
    (`share` * count) ** 2; of its square root the truth lies at most `below` times under the count and `above` times over it,
    in 95 of 100 fields.
    """

    constant: float
    border: float
    unsure: float
    share: float
    below: float
    above: float

    def deviation(self, count: int, border: int, unsure: int) -> float:
        """The standard deviation of the error, in cells."""
        return sqrt(self.constant + self.border * border + self.unsure * unsure + (self.share * count) ** 2)

    def interval(self, cells: Iterable[Cell]) -> Interval:
        """Of the count of `cells`, those of one class in one field."""
        count, border, unsure = tally(cells)
        deviation = self.deviation(count, border, unsure)
        return Interval(max(0, ceil(count - self.below * deviation)), floor(count + self.above * deviation))


def tally(cells: Iterable[Cell]) -> tuple[int, int, int]:
    """How many cells there are, how many of them the border cuts, and how many are unsure."""
    known = list(cells)
    return len(known), sum(cell.border for cell in known), sum(cell.confidence < UNSURE_BELOW for cell in known)
