"""The counts by class, for this field and for the slide so far."""

from __future__ import annotations

from rich.text import Text
from textual.widget import Widget

from edge.counting.cells import CellClass, Method
from edge.counting.field_count import FieldCount
from edge.session import SlideTotals, Status
from edge.tui.signs import SIGNS, Sign
from edge.tui.widgets.numerals import tall

UNKNOWN = "—"
_LABEL_COLUMNS = 13
_METHODS = {method: method.value for method in Method} | {Method.DISTANCE_PEAKS: "dist. peaks"}


class Counts(Widget):
    """Three lines a class: sign, name and method; this field's cells; the slide's cells. What is not known is —, never 0."""

    def __init__(self) -> None:
        super().__init__()
        self._count: FieldCount | None = None
        self._status: Status | None = None

    def show(self, count: FieldCount | None, status: Status) -> None:
        """`count` is that of the field in the picture, None where it is unknown."""
        self._count, self._status = count, status
        self.refresh()

    def render(self) -> Text:
        room = self.size.width - _LABEL_COLUMNS - 1
        field_columns = room * 2 // 5
        slide_columns = room - field_columns
        lines = [Text(f"{'':{_LABEL_COLUMNS}}{'this field':>{field_columns}}{'slide so far':>{slide_columns}}", "dim")]
        between = [Text()] if self.size.height >= 14 else []
        for kind, sign in SIGNS.items():
            labels = _labels(sign, self._status, kind)
            field = _lines(_of_field(self._count, kind), field_columns)
            slide = _lines(_of_slide(self._status, kind), slide_columns)
            lines += between
            for label, left, right in zip(labels, field, slide, strict=True):
                label.align("left", _LABEL_COLUMNS)
                lines.append(Text.assemble(label, (left, "bold"), (right, "bold")))
        return Text("\n", no_wrap=True).join(lines)


def _labels(sign: Sign, status: Status | None, kind: CellClass) -> tuple[Text, Text, Text]:
    """The sign, the name, and the method by which the class is counted."""
    method = None if status is None else status.methods.get(kind)
    return (
        Text(f" {sign.shape} {sign.letter}", f"bold {sign.colour}"),
        Text(f" {sign.name}", sign.colour),
        Text("" if method is None else f" {_METHODS[method]}", "dim"),
    )


def _lines(number: str, columns: int) -> tuple[str, str, str]:
    """The number at the right of `columns`: tall where there is room and a space to its left, else on the middle line."""
    lines = tall(number) if 3 * len(number) < columns else ("", f"{number} ", "")
    top, middle, bottom = (f"{line:>{columns}}" for line in lines)
    return top, middle, bottom


def _of_field(count: FieldCount | None, kind: CellClass) -> str:
    counts = {} if count is None else count.counts
    return str(counts[kind]) if kind in counts else UNKNOWN


def _of_slide(status: Status | None, kind: CellClass) -> str:
    """A class that the model does not see is unknown; one that it sees is 0 only while no field is in the slide."""
    if status is None:
        return UNKNOWN
    totals: SlideTotals = status.totals
    if kind in totals.cells:
        return str(totals.cells[kind])
    return "0" if kind in status.methods and totals.fields == 0 else UNKNOWN
