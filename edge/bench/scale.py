"""`hemocam bench scale`: how far the estimated red cell diameter is off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName, note
from edge.counting.logits import counts_of
from engines.model_names import DEFAULT_MODEL
from engines.opening import Runtime, open_model


def scale(
    data: Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")],
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
) -> None:
    """Compare the red cell diameter that a field is counted at with the labels' where a set gives one."""
    from edge.counting.counter import CountingSettings, FieldCounter
    from export.datasets.sample import DatasetError
    from export.scale_error import scale_table

    opened = open_model(model, runtime, counting=counts_of, tell=note)
    try:
        with opened.engine:
            rows = scale_table(data, FieldCounter(opened.engine, opened.manifest, CountingSettings()))
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    table = Table("set", "split", title="error of the red cell diameter, % of the labels'", box=None)
    for name in ("fields", "unknown", "median", "above 10 %", "bias"):
        table.add_column(name, justify="right")
    for row in rows:
        figures = (f"{row.median:.1f}", f"{row.far:.1f} %", f"{row.bias:+.1f}")
        table.add_row(row.corpus, row.split, str(row.fields), str(row.unknown), *figures)
    Console().print(table)
