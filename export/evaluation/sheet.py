"""A table of results, as a terminal, a spreadsheet and README show it."""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from io import StringIO
from math import isnan
from pathlib import Path

from rich.console import Console
from rich.table import Table

Value = str | int | float | None
PADDING = 2
UNDEFINED = "–"
"""What a figure without a value looks like: a ratio of nothing to nothing, or something that nobody measured."""

_NUMBER = re.compile(rf"[-+.0-9]+|nan|{UNDEFINED}")


@dataclass(frozen=True, slots=True)
class Sheet:
    """Rows under `columns`. A float has `digits` decimals, or those of its column in `column_digits`; `note` stands below."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Value, ...], ...]
    digits: int = 4
    column_digits: Mapping[str, int] = field(default_factory=dict)
    note: str = ""

    def __post_init__(self) -> None:
        for row in self.rows:
            if len(row) != len(self.columns):
                raise ValueError(f"{self.title}: a row of {len(row)} values under {len(self.columns)} columns")

    @property
    def slug(self) -> str:
        """The title as a file name."""
        return re.sub(r"[^a-z0-9]+", "-", self.title.lower()).strip("-")

    def shown(self, column: int, value: Value) -> str:
        if value is None or (isinstance(value, float) and isnan(value)):
            return UNDEFINED
        if isinstance(value, float):
            return f"{value:.{self.column_digits.get(self.columns[column], self.digits)}f}"
        return str(value)

    def table(self) -> Table:
        """For the terminal: numbers to the right, and never cut."""
        made = Table(title=self.title, box=None, title_justify="left")
        shown = self._shown()
        for index, name in enumerate(self.columns):
            right = bool(shown) and all(_NUMBER.fullmatch(row[index]) for row in shown)
            # What is not to be wrapped has no wrapped name either.
            made.add_column(name.replace(" ", "\n") if right else name, justify="right" if right else "left", no_wrap=right)
        for row in shown:
            made.add_row(*row)
        return made

    def print(self, console: Console) -> None:
        """The table, in as many parts one below the other as the terminal's width asks for, with its note below."""
        for part in self.parts(console.width):
            console.print(part.table())
        if self.note:
            console.print(self.note, markup=False, highlight=False)

    def parts(self, width: int) -> list[Sheet]:
        """Tables of at most `width` characters, where no single column is wider: each begins with the first column, and has
        as many of the others as there is room for."""
        widths = [self._width(index) + PADDING for index in range(len(self.columns))]
        parts: list[list[int]] = [[]]
        for index in range(1, len(self.columns)):
            if parts[-1] and widths[0] + sum(widths[one] for one in (*parts[-1], index)) > width:
                parts.append([])
            parts[-1].append(index)
        return [self] if len(parts) == 1 else [self._of((0, *chosen)) for chosen in parts]

    def _of(self, chosen: Sequence[int]) -> Sheet:
        rows = tuple(tuple(row[index] for index in chosen) for row in self.rows)
        return replace(self, columns=tuple(self.columns[index] for index in chosen), rows=rows)

    def _shown(self) -> list[list[str]]:
        return [[self.shown(index, value) for index, value in enumerate(row)] for row in self.rows]

    def _width(self, index: int) -> int:
        """Of a column: its values whole, its name by words."""
        words = self.columns[index].split()
        return max((len(text) for text in (*words, *(row[index] for row in self._shown()))), default=0)

    def markdown(self) -> str:
        """For README: a table with its note below."""
        lines = ["| " + " | ".join(self.columns) + " |", "|" + "---|" * len(self.columns)]
        lines += ["| " + " | ".join(self.shown(i, value) for i, value in enumerate(row)) + " |" for row in self.rows]
        return "\n".join([*lines, *(["", self.note] if self.note else []), ""])

    def csv(self) -> str:
        """For a spreadsheet: floats in full, what is undefined empty."""
        text = StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(self.columns)
        for row in self.rows:
            writer.writerow("" if self.shown(0, value) == UNDEFINED else value for value in row)
        return text.getvalue()


def write_sheets(sheets: Sequence[Sheet], folder: Path) -> list[Path]:
    """Each sheet as a CSV file named by its title; gives the paths."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = []
    for sheet in sheets:
        path = folder / f"{sheet.slug}.csv"
        path.write_text(sheet.csv(), encoding="utf-8")
        paths.append(path)
    return paths
