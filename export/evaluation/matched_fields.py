"""Which cells were found, which were missed and which are none: a field's count against its labels, cell by cell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from edge.counting.cell import Cell, CellClass
from export.evaluate import Question
from export.evaluation.labelled_cells import LabelledCells
from export.metrics.bootstrap import interval
from export.metrics.matching import Labelled, Matching, Missed, Tally, Wrong, match, total

NEAR_WHITE = 1.0
"""Red cells within so many diameters of a white cell are looked at apart: what hides them in white cells must spare these."""


@dataclass(frozen=True, slots=True, eq=False)
class MatchedField:
    """A field's cells matched with its labels, class by class; `near_white` are labelled and found of the red cells that lie
    near a white one. `diameter_error` is the scale's, as a share of the labels' red cell diameter."""

    question: Question
    cells: tuple[Cell, ...]
    by_class: Mapping[CellClass, Matching]
    near_white: tuple[int, int]
    diameter_error: float | None


@dataclass(frozen=True, slots=True)
class MatchRow:
    """A line of the table: cells whose centre is inside by half a diameter, F1 with its 95 % interval over other fields. Shares
    of `double`, `in_white`, `debris` are of all cells found, at the border too; `missed` by reason are numbers of all cells."""

    corpus: str
    split: str
    kind: CellClass
    fields: int
    cells: int
    recall: float
    precision: float
    f1: float
    low: float
    high: float
    double: float
    in_white: float
    debris: float
    at_border: float
    missed: Mapping[Missed, int]
    near_white: float | None


def matched(question: Question, cells: Sequence[Cell], size_px: tuple[int, int], diameter_px: float | None) -> MatchedField:
    """Match `cells`, those of all classes under no border rule, in a field of `size_px` (height, width) whose labels say where
    each cell is; `diameter_px` is the scale that it was counted at, None where it was not."""
    labelled = question.cells
    assert labelled is not None, f"{question.name} of {question.corpus} has no labelled places"
    by_class = {kind: _matched(kind, truth, cells, size_px, labelled) for kind, truth in labelled.by_class.items()}
    error = None if diameter_px is None else diameter_px / labelled.diameter_px - 1.0
    return MatchedField(question, tuple(cells), by_class, _near_white(labelled, by_class), error)


def _matched(
    kind: CellClass, truth: Labelled, cells: Iterable[Cell], size_px: tuple[int, int], labelled: LabelledCells
) -> Matching:
    found = np.array([(cell.x, cell.y) for cell in cells if cell.cell_class is kind], float).reshape(-1, 2)
    if kind is CellClass.RBC:
        reach = np.full(len(truth), labelled.diameter_px / 2.0)
        return match(found, truth, reach, size_px, labelled.diameter_px, labelled.by_class.get(CellClass.WBC))
    return match(found, truth, np.sqrt(np.prod(truth.sizes, axis=1)) / 2.0, size_px, labelled.diameter_px)


def _near_white(labelled: LabelledCells, by_class: Mapping[CellClass, Matching]) -> tuple[int, int]:
    red, white = labelled.by_class.get(CellClass.RBC), labelled.by_class.get(CellClass.WBC)
    if red is None or white is None or not len(red) or not len(white):
        return 0, 0
    grown = Labelled(white.centres, white.sizes + 2.0 * NEAR_WHITE * labelled.diameter_px)
    near = grown.holds(red.centres).any(axis=1)
    return int(near.sum()), int((near & (by_class[CellClass.RBC].partner >= 0)).sum())


def match_table(fields: Iterable[MatchedField]) -> list[MatchRow]:
    """The fields by set, split and class; each microscope of a set that has several is a split of its own, too."""
    groups: dict[tuple[str, str, CellClass], list[MatchedField]] = {}
    for one in fields:
        splits = [one.question.split] + ([f"{one.question.split} {one.question.scanner}"] if one.question.scanner else [])
        for split in splits:
            for kind in one.by_class:
                groups.setdefault((one.question.corpus, split, kind), []).append(one)
    order = sorted(groups, key=lambda key: (key[0], key[1], list(CellClass).index(key[2])))
    return [_row(*key, groups[key]) for key in order]


def _row(corpus: str, split: str, kind: CellClass, fields: Sequence[MatchedField]) -> MatchRow:
    inside = [one.by_class[kind].tally for one in fields]
    cells, everywhere = total(inside), total([one.by_class[kind].everywhere for one in fields])
    low, high = interval(inside, lambda tallies: total(tallies).f1)
    share = {why: number / max(1, everywhere.found) for why, number in everywhere.false.items()}
    near, seen = (sum(one.near_white[i] for one in fields) for i in (0, 1))
    return MatchRow(
        corpus, split, kind, len(fields), cells.labelled, cells.recall, cells.precision, cells.f1, low, high,
        share[Wrong.DOUBLE], share[Wrong.IN_WHITE], share[Wrong.DEBRIS], share[Wrong.BORDER], everywhere.missed,
        seen / near if kind is CellClass.RBC and near else None,
    )  # fmt: skip


def worst(fields: Iterable[MatchedField], number: int) -> list[MatchedField]:
    """Those with the most red cells wrong or missed of those labelled, the worst first."""

    def errors(tally: Tally) -> float:
        return (tally.found - tally.right + tally.labelled - tally.matched) / max(1, tally.labelled)

    known = [one for one in fields if CellClass.RBC in one.by_class]
    return sorted(known, key=lambda one: -errors(one.by_class[CellClass.RBC].everywhere))[:number]
