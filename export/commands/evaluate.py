"""`hemocam export evaluate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from engines.manifest import ClassifierManifest, Manifest
from engines.opening import Runtime
from export.commands import Data

if TYPE_CHECKING:
    from export.evaluation.models import Asked
    from export.evaluation.sheet import Sheet


def evaluate(
    model: Annotated[str, typer.Argument(help="A model that ships with HemoCam, or the folder of one.")],
    data: Data,
    against: Annotated[
        str | None, typer.Option(help="A second model on the same samples: both are shown, and a paired t-test.")
    ] = None,
    corpus: Annotated[str, typer.Option(help="The labelled set, by its reader's name.")] = "allidb1",
    folder: Annotated[str | None, typer.Option(help="The set's folder under --data; like the set if not given.")] = None,
    split: Annotated[list[str] | None, typer.Option(help="Splits to measure on; `val` if not given.")] = None,
    ignore: Annotated[list[str] | None, typer.Option(help="Labels of crops to leave out.")] = None,
    cell_diameter_px: Annotated[
        float | None, typer.Option(help="A red cell's diameter in the pictures; measured on each if not given.", min=4.0)
    ] = None,
    runtime: Annotated[Runtime, typer.Option(help="What computes fields: cpu takes the model's default file.")] = Runtime.CPU,
    threads: Annotated[int | None, typer.Option(help="Threads; every core if not given.", min=1)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the tables as CSV and a figure as PNG.")] = None,
) -> None:
    """Measure a model, or two, on a labelled set by the papers' metrics: masks, outlines, counts; crops by their classes."""
    from rich.console import Console

    from engines.contract import EngineError
    from export.datasets.sample import DatasetError
    from export.evaluation.errors import EvaluationError
    from export.evaluation.models import Asked, manifests, titles
    from export.evaluation.samples import chosen
    from export.evaluation.sheet import write_sheets

    models = [model, *([against] if against else [])]
    try:
        found = manifests(models)
        names = dict(zip(titles(models, found), models, strict=True))
        samples = chosen(data, corpus, folder, tuple(split or ("val",)), tuple(ignore or ()))
        asked = Asked(samples, cell_diameter_px, runtime, threads, lambda text: typer.echo(text, err=True))
        picture = out / "figure.png" if out else None
        sheets = _sheets(found[0], names, asked, picture)
    except (EngineError, DatasetError, EvaluationError) as error:
        raise typer.BadParameter(str(error)) from error
    console = Console()
    for sheet in sheets:
        sheet.print(console)
        console.print()
    if out and picture:
        for path in [*write_sheets(sheets, out), picture]:
            typer.echo(str(path))


def _sheets(
    manifest: Manifest | ClassifierManifest, models: Mapping[str, str], asked: Asked, picture: Path | None
) -> Sequence[Sheet]:
    """What the models, by their titles, made of the samples; drawn into `picture` where one is wanted."""
    from export.evaluation.crop_sheets import crop_sheets
    from export.evaluation.field_sheets import field_sheets
    from export.evaluation.figure import crop_figure, field_figure
    from export.evaluation.models import measure_crops, measure_model
    from export.evaluation.progress import told_progress

    with told_progress() as tell:
        if isinstance(manifest, Manifest):
            fields = {name: measure_model(name, one, asked, tell) for name, one in models.items()}
            if picture:
                field_figure(fields, picture)
            return field_sheets(fields)
        crops = {name: measure_crops(name, one, asked, tell) for name, one in models.items()}
        if picture:
            crop_figure(crops, manifest.classes, picture)
        return crop_sheets(crops, manifest.classes)
