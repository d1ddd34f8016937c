"""Cells found against cells labelled, one to one: what a sum of both cannot tell."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

CROWDED_SHARE = 0.2
"""A labelled cell of which its neighbours cover this share is one of an overlap."""


class Wrong(str, Enum):
    """Why a found cell is none."""

    DOUBLE = "double"
    """It lies in a labelled cell that another one was matched with."""
    IN_WHITE = "in white cell"
    BORDER = "border"
    DEBRIS = "debris"


class Missed(str, Enum):
    """Where a labelled cell was not found."""

    BORDER = "border"
    OVERLAP = "overlap"
    ALONE = "alone"


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """The labelled cells of one class in a field: `centres` (n, 2) x, y and `sizes` (n, 2) width, height, in pixels."""

    centres: Floats
    sizes: Floats

    def __len__(self) -> int:
        return len(self.centres)

    def holds(self, points: Floats) -> NDArray[np.bool_]:
        """(points, n) bool: whether a point x, y lies in the ellipse of a cell's box."""
        away = (points[:, None, :] - self.centres[None]) / np.maximum(self.sizes / 2.0, 0.5)[None]
        return np.asarray((away**2).sum(axis=2) <= 1.0)

    def crowded(self) -> NDArray[np.bool_]:
        """(n,) bool: whether the other boxes cover CROWDED_SHARE of a cell's."""
        low, high = self.centres - self.sizes / 2.0, self.centres + self.sizes / 2.0
        common = np.minimum(high[:, None], high[None]) - np.maximum(low[:, None], low[None])
        area = np.prod(np.maximum(common, 0.0), axis=2)
        np.fill_diagonal(area, 0.0)
        return np.asarray(area.sum(axis=1) >= CROWDED_SHARE * np.maximum(np.prod(self.sizes, axis=1), 1.0))


@dataclass(frozen=True, slots=True, eq=False)
class Matching:
    """Of one class in one field. `partner` (labelled,) is the found cell's index or -1; `false` and `missed` are by the index
    of the found and the labelled cell. `found_inside`, `labelled_inside` say whose centre is inside by half a diameter."""

    partner: NDArray[np.intp]
    false: dict[int, Wrong]
    missed: dict[int, Missed]
    found_inside: NDArray[np.bool_]
    labelled_inside: NDArray[np.bool_]

    @property
    def tally(self) -> Tally:
        """Numbers of cells whose centre is inside. A found cell there that is matched with a label outside is not false."""
        wrong = [why for index, why in self.false.items() if self.found_inside[index]]
        lost = [why for index, why in self.missed.items() if self.labelled_inside[index]]
        labelled, found = int(self.labelled_inside.sum()), int(self.found_inside.sum())
        return Tally(
            labelled, labelled - len(lost), found, found - len(wrong),
            {why: wrong.count(why) for why in Wrong}, {why: lost.count(why) for why in Missed},
        )  # fmt: skip

    @property
    def everywhere(self) -> Tally:
        """Numbers of all cells, border pieces too."""
        labelled, found = len(self.partner), len(self.found_inside)
        wrong, lost = list(self.false.values()), list(self.missed.values())
        return Tally(
            labelled, labelled - len(lost), found, found - len(wrong),
            {why: wrong.count(why) for why in Wrong}, {why: lost.count(why) for why in Missed},
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Tally:
    """Cells labelled and, of them, matched; cells found and, of them, right; the others by reason."""

    labelled: int
    matched: int
    found: int
    right: int
    false: dict[Wrong, int]
    missed: dict[Missed, int]

    @property
    def recall(self) -> float:
        """1 where nothing was to be found."""
        return self.matched / self.labelled if self.labelled else 1.0

    @property
    def precision(self) -> float:
        """1 where nothing was found."""
        return self.right / self.found if self.found else 1.0

    @property
    def f1(self) -> float:
        """The harmonic mean of recall and precision."""
        both = self.recall + self.precision
        return 2.0 * self.recall * self.precision / both if both else 0.0


def total(tallies: Sequence[Tally]) -> Tally:
    """All cells of several fields together."""
    return Tally(
        sum(one.labelled for one in tallies), sum(one.matched for one in tallies), sum(one.found for one in tallies),
        sum(one.right for one in tallies), {why: sum(one.false[why] for one in tallies) for why in Wrong},
        {why: sum(one.missed[why] for one in tallies) for why in Missed},
    )  # fmt: skip


def match(
    found: Floats,
    labelled: Labelled,
    reach_px: Floats,
    size_px: tuple[int, int],
    diameter_px: float,
    white: Labelled | None = None,
) -> Matching:
    """Match `found` (m, 2) x, y one to one with `labelled`, so that as many as can be and then the nearest belong together
    (Kuhn 1955, the Hungarian method), none further apart than `reach_px` (labelled,).

    `size_px` is the field's height and width, `diameter_px` the labels' red cell diameter, by which "inside" is judged: half
    of it from every border. `white` are the labelled white cells, where the class is red cells.
    """
    near, partner = _paired(found, labelled, reach_px)
    found_inside, labelled_inside = (_inside(points, size_px, diameter_px / 2.0) for points in (found, labelled.centres))
    taken = set(partner[partner >= 0].tolist())
    in_cell: NDArray[np.bool_] = labelled.holds(found) | near.T
    in_white = np.zeros(len(found), np.bool_)
    if white is not None and len(white):
        in_white |= white.holds(found).any(axis=1)

    def why_false(index: int) -> Wrong:
        if in_white[index]:
            return Wrong.IN_WHITE
        if in_cell[index].any():
            return Wrong.DOUBLE
        return Wrong.DEBRIS if found_inside[index] else Wrong.BORDER

    def why_missed(index: int) -> Missed:
        if not labelled_inside[index]:
            return Missed.BORDER
        return Missed.OVERLAP if crowded[index] else Missed.ALONE

    crowded = labelled.crowded()
    false = {index: why_false(index) for index in sorted(set(range(len(found))) - taken)}
    missed = {index: why_missed(index) for index in np.flatnonzero(partner < 0).tolist()}
    return Matching(partner, false, missed, found_inside, labelled_inside)


def _paired(found: Floats, labelled: Labelled, reach_px: Floats) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """(labelled, found) which lie near enough, and (labelled,) which of them belongs to each, -1 for none."""
    from scipy.optimize import linear_sum_assignment  # noqa: PLC0415  # of the export extra: what only names cells needs none

    distance = np.hypot(*np.moveaxis(labelled.centres[:, None] - found[None], 2, 0))
    near = distance <= reach_px[:, None]
    # What is not near costs more than all that is: the number of matches comes first.
    rows, columns = linear_sum_assignment(np.where(near, distance / np.maximum(reach_px[:, None], 1e-9), 1e3))
    partner = np.full(len(labelled), -1, np.intp)
    for row, column in zip(rows, columns, strict=True):
        if near[row, column]:
            partner[row] = column
    return near, partner


def _inside(points: Floats, size_px: tuple[int, int], margin_px: float) -> NDArray[np.bool_]:
    height, width = size_px
    x, y = points[:, 0], points[:, 1]
    return np.asarray((x >= margin_px) & (x <= width - 1 - margin_px) & (y >= margin_px) & (y <= height - 1 - margin_px))
