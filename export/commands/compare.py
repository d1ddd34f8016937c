"""`hemocam export compare`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands import Data


def compare(
    data: Data,
    runs: Annotated[Path, typer.Option(help="Folder of the runs to compare, as `hemocam export train` leaves them.")],
    classifiers: Annotated[
        bool, typer.Option("--classifiers", help="The runs that name single cells, not those of fields.")
    ] = False,
    split: Annotated[str, typer.Option(help="The split that classifiers are shown.")] = "test",
    threads: Annotated[int, typer.Option(help="Threads of onnxruntime.", min=1)] = 2,
    markdown: Annotated[bool, typer.Option("--markdown", help="As README shows it.")] = False,
    csv: Annotated[Path | None, typer.Option(help="Write the table to this CSV file too.")] = None,
) -> None:
    """Put all trained networks of one kind in one table: size, masks, outlines, counts and speed on the same data."""
    import tempfile

    from rich.console import Console

    from engines.contract import EngineError
    from export.conversion_error import ConversionError
    from export.datasets.sample import DatasetError
    from export.evaluation.errors import EvaluationError
    from export.evaluation.progress import told_progress
    from export.evaluation.tables import classifier_table, network_table
    from export.training.recipe import RecipeError
    from export.zoo import ZooError

    try:
        with tempfile.TemporaryDirectory(prefix="hemocam-compare-") as name, told_progress() as tell:
            if classifiers:
                sheet, unfinished = classifier_table(runs, data, split, threads, Path(name), tell)
            else:
                sheet, unfinished = network_table(runs, data, threads, Path(name), tell)
    except (EngineError, ConversionError, DatasetError, EvaluationError, RecipeError, ZooError) as error:
        raise typer.BadParameter(str(error)) from error
    for folder in unfinished:
        typer.echo(f"{folder} has no weights yet: it is not in the table", err=True)
    if markdown:
        typer.echo(sheet.markdown(), nl=False)
    else:
        sheet.print(Console())
    if csv:
        csv.parent.mkdir(parents=True, exist_ok=True)
        csv.write_text(sheet.csv(), encoding="utf-8")
