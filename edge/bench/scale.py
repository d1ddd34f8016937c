"""`hemocam bench scale`: how far the estimated red cell diameter is off."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table


def scale(
    data: Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")],
) -> None:
    """Compare the estimated red cell diameter with the labels' where a set gives one."""
    from export.datasets.sample import DatasetError
    from export.scale_error import scale_table

    try:
        rows = scale_table(data)
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    table = Table("set", "split", title="error of the estimated red cell diameter, % of the labels'", box=None)
    for name in ("fields", "unknown", "median", "90th percentile", "bias"):
        table.add_column(name, justify="right")
    for row in rows:
        figures = (f"{row.median:.1f}", f"{row.percentile_90:.1f}", f"{row.bias:+.1f}")
        table.add_row(row.corpus, row.split, str(row.fields), str(row.unknown), *figures)
    Console().print(table)
