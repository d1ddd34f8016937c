"""`hemocam bench accuracy`: how well labelled fields are counted."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName, needs_export, note
from edge.counting.logits import counts_of, uncertainty_of
from engines.model_names import DEFAULT_MODEL
from engines.opening import Runtime, open_model

if TYPE_CHECKING:
    from export.calibration import CoverageRow
    from export.evaluate import Row
    from export.evaluation.matched_fields import MatchedField, MatchRow

CEILING = (
    "Two people who box the same 94 pictures of txl differ by 6.6 % in a picture's red cells, nearly all at the border: "
    "no count of all pieces there can be nearer to one of them than they are to each other."
)


def accuracy(
    data: Annotated[
        Path | None, typer.Option(help="Folder of the labelled sets, laid out as README says; none: simulated fields only.")
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    simulated: Annotated[int, typer.Option(help="Number of simulated fields.", min=0)] = 50,
    split: Annotated[list[str] | None, typer.Option(help="Only these splits.")] = None,
    worst: Annotated[int, typer.Option(help="So many of the worst fields are drawn with their labels into --out.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="Folder for the worst fields.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
) -> None:
    """Count labelled fields; print the count accuracy by set, split, class and method, and, where labels say where each cell
    is, which cells were found, missed or none. Intervals are 95 %, over fields."""
    from edge.counting.counter import CountingSettings, FieldCounter
    from export.datasets.sample import DatasetError
    from export.evaluate import questions, table

    with needs_export():
        from export.evaluation.asking import ask_and_match, coverage_table
        from export.evaluation.matched_fields import match_table
    if worst and out is None:
        raise typer.BadParameter("--worst needs a folder: --out DIR")
    opened = open_model(model, runtime, counting=counts_of, tell=note)
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings())
    try:
        asked = [one for one in questions(data, simulated) if not split or one.split in split]
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    with opened.engine:
        errors = Console(stderr=True)
        progress = track(asked, "counting", console=errors, disable=not errors.is_terminal)
        found = [ask_and_match(question, counter) for question in progress]
    fields = [one.matched for one in found if one.matched is not None]
    rows, match_rows = table(answer for one in found for answer in one.answers), match_table(fields)
    coverage_rows = coverage_table(found, uncertainty_of(opened.manifest))
    if out is not None:
        _draw_worst(fields, worst, out)
    if as_json:
        for written in (
            [asdict(row) for row in rows],
            [asdict(row) for row in match_rows],
            [asdict(row) for row in coverage_rows],
        ):
            for line in written:
                typer.echo(json.dumps(line))
        return
    title = f"{opened.manifest.name} {opened.file.precision} on {opened.stamp}"
    Console().print(_accuracy_table(rows, title), *_match_tables(match_rows), _coverage_table(coverage_rows), CEILING, sep="\n")


def _draw_worst(fields: Sequence[MatchedField], number: int, out: Path) -> None:
    import cv2

    from export.evaluation.match_picture import draw_matching
    from export.evaluation.matched_fields import worst

    out.mkdir(parents=True, exist_ok=True)
    for place, field in enumerate(worst(fields, number), start=1):
        name = f"{place:02d}-{field.question.corpus}-{field.question.split}-{field.question.name}.png"
        cv2.imwrite(str(out / name), draw_matching(field)[..., ::-1])


def _accuracy_table(rows: Sequence[Row], title: str) -> Table:
    table = Table("set", "split", "class", "method (* default)", title=title, box=None)
    for name in ("fields", "count accuracy %", "95 %", "total error %"):
        table.add_column(name, justify="right")
    for row in rows:
        method = f"[bold]{row.method.value}*[/]" if row.default else row.method.value
        figures = (str(row.fields), f"{row.accuracy:.1f}", f"{row.low:.1f}-{row.high:.1f}", f"{row.total_error:+.1f}")
        table.add_row(row.corpus, row.split, row.kind.value, method, *figures)
    return table


def _match_tables(rows: Sequence[MatchRow]) -> tuple[Table, Table]:
    found = Table("set", "split", "class", title="cell by cell: centres inside by half a diameter", box=None)
    for name in ("fields", "cells", "recall", "precision", "F1", "95 %"):
        found.add_column(name, justify="right")
    wrong = Table(
        "set", "split", "class", title="false, % of all cells found; near white: recall; missed, of all pieces", box=None
    )
    for name in ("double", "in white", "debris", "border", "near white", "border", "overlap", "alone"):
        wrong.add_column(name, justify="right")
    for row in rows:
        named = (row.corpus, row.split, row.kind.value)
        figures = (f"{value:.3f}" for value in (row.recall, row.precision, row.f1))
        found.add_row(*named, str(row.fields), str(row.cells), *figures, f"{row.low:.3f}-{row.high:.3f}")
        shares = (f"{100 * share:.2f}" for share in (row.double, row.in_white, row.debris, row.at_border))
        near = "" if row.near_white is None else f"{row.near_white:.3f}"
        wrong.add_row(*named, *shares, near, *(str(number) for number in row.missed.values()))
    return found, wrong


def _coverage_table(rows: Sequence[CoverageRow]) -> Table:
    table = Table("set", "split", "class", title="how often the truth lies in the 95 % interval", box=None)
    for name in ("fields", "covered %", "by chance %", "half-width %"):
        table.add_column(name, justify="right")
    for row in rows:
        chance = f"{100 * row.least:.0f}-{100 * row.most:.0f}"
        figures = (str(row.fields), f"{100 * row.covered:.1f}", chance, f"{100 * row.half_width:.0f}")
        table.add_row(row.corpus, row.split, row.kind.value, *figures)
    return table
