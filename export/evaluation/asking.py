"""A labelled field counted once, for every table."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from edge.counting.cell import CellClass
from edge.counting.counter import FieldCounter
from edge.counting.errors import CountingError
from edge.counting.interval import Uncertainty
from engines.contract import InferenceFailed
from export.calibration import Counted, CoverageRow, counted_classes, coverage
from export.evaluate import Answer, Question, answers, unanswered
from export.evaluation.matched_fields import MatchedField, matched

POOLED = "all"


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """A field's counts by every method; its cells by the model's own matched with the labels, None where these do not say where
    each cell is; and its counts beside the truth, empty where it could not be counted."""

    question: Question
    answers: list[Answer]
    matched: MatchedField | None
    counted: Mapping[CellClass, Counted] = field(default_factory=dict)


def ask_and_match(question: Question, counter: FieldCounter) -> Asked:
    """Count one field. One that cannot be counted has no count, and all of its cells were missed."""
    pixels = question.pixels()
    try:
        seen = counter.see(pixels)
    except (CountingError, InferenceFailed):
        lost = None if question.cells is None else matched(question, (), pixels.shape[:2], None)
        return Asked(question, unanswered(question, counter), lost)
    places = None
    if question.cells is not None:
        places = matched(question, counter.counted(seen).cells, pixels.shape[:2], seen.scale.cell_diameter_px)
    return Asked(question, answers(question, counter, seen), places, counted_classes(question, counter, seen))


def coverage_table(asked: Iterable[Asked], known: Mapping[CellClass, Uncertainty]) -> list[CoverageRow]:
    """How often intervals hold, by set, split and class, and pooled over the sets of a split."""
    groups: dict[tuple[str, str, CellClass], list[Counted]] = {}
    for one in asked:
        for kind, counted in one.counted.items():
            for corpus in (one.question.corpus, POOLED):
                groups.setdefault((corpus, one.question.split, kind), []).append(counted)
    return [coverage(*key, groups[key], known[key[2]]) for key in sorted(groups, key=_order) if key[2] in known]


def _order(key: tuple[str, str, CellClass]) -> tuple[str, bool, str, int]:
    corpus, split, kind = key
    return split, corpus == POOLED, corpus, list(CellClass).index(kind)
