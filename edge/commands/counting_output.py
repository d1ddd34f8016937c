"""What `hemocam count` gives: a table for people, JSON lines for programs, CSV for spreadsheets, overlays to look at."""

from __future__ import annotations

import csv
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Protocol, TextIO

import cv2
from rich.console import Console, Group
from rich.markup import escape
from rich.table import Table

from edge.cells.differential import NO_BLASTS, NOT_WHITE, PERSON, UNSURE, WANTED, Differential, types_of
from edge.commands.picture_json import as_json, failure_as_json
from edge.counting.cell import CellClass, CellType
from edge.counting.field_count import FieldCount
from edge.loop.single_picture import CountedPicture
from edge.plural import plural
from edge.record.store.errors import file_errors
from edge.reports.overlay import draw_overlay
from engines.opening import Opened


class Output(Protocol):
    """Takes pictures one by one, then is closed."""

    def add(self, still: CountedPicture) -> None: ...

    def fail(self, path: Path, reason: str) -> None:
        """This picture could not be read or counted: it has a row of its own, and no number in it."""
        ...

    def close(self) -> None: ...


class JsonOutput:
    """One object a line, written as soon as it is known."""

    def __init__(self, stream: TextIO, opened: Opened) -> None:
        self._stream, self._opened = stream, opened

    def add(self, still: CountedPicture) -> None:
        opened = self._opened
        self._write(as_json(still, opened.manifest.name, opened.file.sha256, opened.engine.runtime))

    def fail(self, path: Path, reason: str) -> None:
        opened = self._opened
        self._write(failure_as_json(path, reason, opened.manifest.name, opened.file.sha256, opened.engine.runtime))

    def _write(self, result: Mapping[str, object]) -> None:
        self._stream.write(json.dumps(result, allow_nan=False, ensure_ascii=False) + "\n")
        self._stream.flush()

    def close(self) -> None:
        pass


class TableOutput:
    """A row a picture and the totals of those that were counted."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._rows: list[tuple[Path, tuple[str, ...]]] = []
        self._table = Table(box=None)
        self._table.add_column("picture", overflow="fold")
        for kind in CellClass:
            self._table.add_column(kind.plural, justify="right")
        for title in ("red cell", "ms"):
            self._table.add_column(title, justify="right")
        self._table.add_column("")
        self._totals = dict.fromkeys(CellClass, 0)
        self._counted = 0
        self._rule = ""
        self._types: list[CellType] = []
        self._classifier = ""

    def add(self, still: CountedPicture) -> None:
        count = still.count
        total_ms = f"{sum(still.ms.values()):.0f}"
        if count is None:
            reason = getattr(still.verdict, "reason", None)
            said = f"[red]refused: {reason.value if reason else ''}[/]"
            self._rows.append((still.path, ("–", "–", "–", "", total_ms, said)))
            return
        self._counted += 1
        self._rule = count.border_rule.value
        self._types += types_of(count.cells)
        self._classifier = count.classifier
        for kind, number in count.counts.items():
            self._totals[kind] += number
        remark = "look again: " + ", ".join(mark.reason.value for mark in count.marks) if count.marks else ""
        size = f"{count.scale.cell_diameter_px:.0f} px"
        if still.um_per_px is not None:
            size += f" = {count.scale.cell_diameter_px * still.um_per_px:.1f} µm"
        numbers = (_with_interval(count, kind) for kind in CellClass)
        self._rows.append((still.path, (*numbers, size, total_ms, f"[yellow]{remark}[/]")))

    def fail(self, path: Path, reason: str) -> None:
        del reason  # it has been told on standard error, whole
        self._rows.append((path, ("–", "–", "–", "", "", "[red]not read[/]")))

    def close(self) -> None:
        # Long paths would be broken inside a word: what all have in common stands above them, once.
        folder = os.path.commonpath([path.parent for path, _ in self._rows]) if self._rows else ""
        if folder:
            self._console.print(f"[dim]in {escape(folder)}[/]", soft_wrap=True)
        for path, cells in self._rows:
            self._table.add_row(escape(os.path.relpath(path, folder or ".")), *cells)
        if self._counted > 1:
            self._table.add_section()
            self._table.add_row(
                plural(self._counted, "picture"), *(f"[bold]{self._totals[kind]}[/]" for kind in CellClass), "", "", ""
            )
        self._console.print(self._table)
        if self._classifier:
            self._console.print(differential_table(Differential.of(self._types), self._classifier))
        said = f"95 % intervals in dim; border rule {self._rule}. " if self._rule else ""
        self._console.print(f"[dim]{said}For research; not a diagnostic device.[/]")


def _with_interval(count: FieldCount, kind: CellClass) -> str:
    """The number with its 95 % interval where that is known; a dash where the model does not see the class."""
    if kind not in count.counts:
        return "–"
    known = count.intervals.get(kind)
    return f"{count.counts[kind]}" + (f" [dim]{known.low}–{known.high}[/]" if known else "")


def differential_table(found: Differential, classifier: str) -> Group:
    """The types of the white cells of all pictures together, with what they are worth."""
    table = Table("white cells by type", "n", "share", "95 %", box=None)
    for column in table.columns[1:]:
        column.justify = "right"
    for row in found.rows:
        table.add_row(row.name, str(row.cells), f"{row.share:.1%}", f"{row.low:.1%} – {row.high:.1%}")
    said = [f"{found.white} of {WANTED} white cells; named by {classifier}. {NO_BLASTS}"]
    if apart := [f"{found.cells[name]} {name}s" for name in NOT_WHITE if name in found.cells]:
        said.append(f"Not among them: {', '.join(apart)}.")
    asks = [f"[yellow]{PERSON}: {'; '.join(found.asks)}.[/]"] if found.asks else []
    return Group("", table, *(f"[dim]{line}[/]" for line in said), *asks)


class CsvOutput:
    """A row a picture; an unknown count is an empty cell."""

    def __init__(self, path: Path, types: Sequence[str] = ()) -> None:
        """`types` are what cells may be named; each has a column of its own, and those that are unsure too."""
        with file_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", newline="", encoding="utf-8")
        self._writer = csv.writer(self._file)
        self._types = (*types, UNSURE) if types else ()
        columns = [
            "source",
            *(kind.value for kind in CellClass),
            *(f"{kind.value}_{end}" for kind in CellClass for end in ("low", "high")),
            "border_rule",
            *(f"{kind.value}_in_frame" for kind in CellClass),
            "frame_area_px",
            "cell_diameter_px",
            "scale",
            "accepted",
            "reason",
            "marks",
            *self._types,
        ]
        self._columns = len(columns)
        self._writer.writerow(columns)

    def add(self, still: CountedPicture) -> None:
        count, reason = still.count, getattr(still.verdict, "reason", None)
        numbers = ["" if count is None else count.counts.get(kind, "") for kind in CellClass]
        known = {} if count is None else count.intervals
        ends = [end for kind in CellClass for end in ((known[kind].low, known[kind].high) if kind in known else ("", ""))]
        framed = ["", *("" for _ in CellClass), "", "", ""] if count is None else [
            count.border_rule.value, *(count.in_frame.get(kind, "") for kind in CellClass), f"{count.frame_area_px:.0f}",
            f"{count.scale.cell_diameter_px:.2f}", count.scale.source.value,
        ]  # fmt: skip
        marks = "" if count is None else "; ".join(f"{mark.reason.value}: {mark.text}" for mark in count.marks)
        cells = None if count is None else Differential.of(types_of(count.cells)).cells
        typed = ["" if cells is None else cells.get(name, 0) for name in self._types]
        why = reason.value if reason else ""
        self._writer.writerow([still.path, *numbers, *ends, *framed, reason is None, why, marks, *typed])

    def fail(self, path: Path, reason: str) -> None:
        unknown = ("" for _ in range(self._columns - 4 - len(self._types)))
        self._writer.writerow([path, *unknown, False, reason, "", *("" for _ in self._types)])

    def close(self) -> None:
        self._file.close()


class OverlayOutput:
    """A PNG a picture, named after it; two pictures of one name get a number."""

    def __init__(self, folder: Path) -> None:
        with file_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._folder = folder
        self._written: set[str] = set()

    def add(self, still: CountedPicture) -> None:
        if still.count is None:
            return
        name, number = still.path.stem, 1
        while name in self._written:
            number += 1
            name = f"{still.path.stem}-{number}"
        self._written.add(name)
        drawn = draw_overlay(still.pixels, still.count, still.um_per_px, simulated=False)
        _, coded = cv2.imencode(".png", drawn[..., ::-1])
        path = self._folder / f"{name}.png"
        with file_errors(path):
            path.write_bytes(coded.tobytes())

    def fail(self, path: Path, reason: str) -> None:
        """There is nothing to draw on."""

    def close(self) -> None:
        pass
