"""The counts by class, for one field and for all of a slide or session."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from rich.text import Text

from edge.counting.cell import CellClass, Method
from edge.counting.field_count import BorderRule, FieldCount
from edge.counting.interval import Interval
from edge.counting.signs import SIGNS, Sign
from edge.session.events import Status
from edge.tui.widgets.numerals import tall
from edge.tui.widgets.rows import Rows

UNKNOWN = "—"
_LABEL_COLUMNS = 13
_METHODS = {method: method.value for method in Method}
_BORDERS = {BorderRule.ALL: " all pieces", BorderRule.CENTRE_INSIDE: "centre inside", BorderRule.TWO_EDGE: " two edges"}
_METHODS_SHORT = {Method.DISTANCE_PEAKS.value: "dist. peaks"}


@dataclass(frozen=True, slots=True)
class Numbers:
    """What there is to show. A class that is absent from `field` or `whole` is unknown there, never 0.

    `whole_title` is what `whole` counts: the slide so far, or a recorded session. `methods` are words by class;
    `intervals` and `border` rule are those of `field`.
    """

    field: Mapping[CellClass, int] | None
    whole: Mapping[CellClass, int]
    methods: Mapping[CellClass, str]
    whole_title: str = "slide so far"
    intervals: Mapping[CellClass, Interval] | None = None
    border: BorderRule | None = None


def live_numbers(count: FieldCount | None, status: Status | None) -> Numbers:
    """`count` is that of the field in the picture, None where it is unknown.

    Of the slide a class that the model does not see is unknown; one that it sees is 0 only while no field is in the slide.
    """
    if status is None:
        return Numbers(None, {}, {})
    empty = dict.fromkeys(status.methods, 0) if status.totals.fields == 0 else {}
    return Numbers(
        None if count is None else count.counts,
        {**empty, **status.totals.cells},
        {kind: _METHODS[method] for kind, method in status.methods.items()},
        intervals=None if count is None else count.intervals,
        border=None if count is None else count.border_rule,
    )


class Counts(Rows):
    """Three lines a class: sign, name and method; this field's cells; all cells. What is not known is —, never 0."""

    def __init__(self) -> None:
        super().__init__()
        self._numbers = Numbers(None, {}, {})

    def show(self, numbers: Numbers) -> None:
        if numbers != self._numbers:
            self._numbers = numbers
            self.update_rows()

    def rows(self) -> list[Text]:
        numbers = self._numbers
        room = max(0, self.size.width - _LABEL_COLUMNS - 1)
        field_columns = room * 2 // 5
        whole_columns = room - field_columns
        rule = "" if numbers.border is None else _BORDERS[numbers.border]
        lines = [Text(f"{rule:{_LABEL_COLUMNS}}{'this field':>{field_columns}}{numbers.whole_title:>{whole_columns}}", "dim")]
        between = [Text()] if self.size.height >= 14 else []
        for kind, sign in SIGNS.items():
            labels = _labels(sign, numbers.methods.get(kind, ""), (numbers.intervals or {}).get(kind))
            field = _lines(_number(numbers.field or {}, kind), field_columns)
            whole = _lines(_number(numbers.whole, kind), whole_columns)
            lines += between
            for label, left, right in zip(labels, field, whole, strict=True):
                label.align("left", _LABEL_COLUMNS)
                lines.append(Text.assemble(label, (left, "bold"), (right, "bold")))
        return lines


def _labels(sign: Sign, method: str, interval: Interval | None) -> tuple[Text, Text, Text]:
    """The sign with the field's 95 % interval, the name, and the method by which the class is counted."""
    ends = "" if interval is None else f" {interval.low}–{interval.high}"
    return (
        Text.assemble((f" {sign.shape} {sign.letter}", f"bold {sign.colour}"), (ends, "dim")),
        Text(f" {sign.name}", sign.colour),
        Text(f" {_METHODS_SHORT.get(method, method)}", "dim"),
    )


def _lines(number: str, columns: int) -> tuple[str, str, str]:
    """The number at the right of `columns`: tall where there is room and a space to its left, else on the middle line."""
    lines = tall(number) if 3 * len(number) < columns else ("", f"{number} ", "")
    top, middle, bottom = (f"{line:>{columns}}" for line in lines)
    return top, middle, bottom


def _number(numbers: Mapping[CellClass, int], kind: CellClass) -> str:
    return str(numbers[kind]) if kind in numbers else UNKNOWN
