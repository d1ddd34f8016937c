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

from edge.bench.options import ModelName, RuntimeName, note
from edge.counting.logits import counts_of
from engines.opening import DEFAULT_MODEL, Runtime, open_model

if TYPE_CHECKING:
    from export.evaluate import Row


def accuracy(
    data: Annotated[
        Path | None, typer.Option(help="Folder of the labelled sets, laid out as README says; none: simulated fields only.")
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    simulated: Annotated[int, typer.Option(help="Number of simulated fields.", min=0)] = 50,
    split: Annotated[list[str] | None, typer.Option(help="Only these splits.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a row.")] = False,
) -> None:
    """Count labelled fields and print the count accuracy by set, split, class and method."""
    from edge.counting.counter import CountingPlan, FieldCounter
    from export.datasets.sample import DatasetError
    from export.evaluate import ask, questions, table

    opened = open_model(model, runtime, counting=counts_of, tell=note)
    counter = FieldCounter(opened.engine, opened.manifest, CountingPlan())
    try:
        asked = [one for one in questions(data, simulated) if not split or one.split in split]
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    with opened.engine:
        errors = Console(stderr=True)
        answers = [
            a for one in track(asked, "counting", console=errors, disable=not errors.is_terminal) for a in ask(one, counter)
        ]
    rows = table(answers)
    if as_json:
        for row in rows:
            typer.echo(json.dumps(asdict(row)))
        return
    Console().print(_accuracy_table(rows, f"{opened.manifest.name} {opened.file.precision} on {opened.stamp}"))


def _accuracy_table(rows: Sequence[Row], title: str) -> Table:
    table = Table("set", "split", "class", "method", title=title, box=None)
    for name in ("fields", "count accuracy %", "total error %"):
        table.add_column(name, justify="right")
    for row in rows:
        method = f"[bold]{row.method.value}[/] (default)" if row.default else row.method.value
        figures = (str(row.fields), f"{row.accuracy:.1f}", f"{row.total_error:+.1f}")
        table.add_row(row.corpus, row.split, row.kind.value, method, *figures)
    return table
