"""A labelled field counted once, for every table."""

from __future__ import annotations

from edge.counting.counter import FieldCounter
from edge.counting.errors import CountingError
from engines.contract import InferenceFailed
from export.evaluate import Answer, Question, answers, unanswered
from export.evaluation.matched_fields import MatchedField, matched


def ask_and_match(question: Question, counter: FieldCounter) -> tuple[list[Answer], MatchedField | None]:
    """The field's counts by every method, and its cells by the model's own matched with the labels where these say where each
    cell is. A field that cannot be counted has no count, and all of its cells were missed."""
    pixels = question.pixels()
    try:
        seen = counter.see(pixels)
    except (CountingError, InferenceFailed):
        lost = None if question.cells is None else matched(question, (), pixels.shape[:2], None)
        return unanswered(question, counter), lost
    field = None
    if question.cells is not None:
        cells = counter.counted(seen).cells
        field = matched(question, cells, pixels.shape[:2], seen.scale.cell_diameter_px)
    return answers(question, counter, seen), field
