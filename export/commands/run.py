"""`hemocam export run`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from export.commands.frame_options import Frames, Most

if TYPE_CHECKING:
    from export.chain.chain import Request
    from export.chain.report import ChainReport


def run(
    source: Annotated[
        Path,
        typer.Argument(help="A training run's folder, or trained weights or a model in any form that `export onnx` takes."),
    ],
    out: Annotated[Path, typer.Option(help="Folder to make: the model's files, its engine, report.md and report.json.")],
    architecture: Annotated[
        str | None, typer.Option(help="Whose weights these are. What a recipe.yaml beside the source says need not be said.")
    ] = None,
    channels: Annotated[str | None, typer.Option(help="A field network's outputs in order, e.g. rbc,rbc_outline.")] = None,
    classes: Annotated[str | None, typer.Option(help="A classifier's classes in order, with commas.")] = None,
    width: Annotated[int | None, typer.Option(help="Filters of the first layer; the paper's if not given.", min=1)] = None,
    side_px: Annotated[int | None, typer.Option(help="Side of the network's squares or crops.", min=16)] = None,
    cell_diameter_px: Annotated[
        float | None, typer.Option(help="A red cell's diameter in the pictures that it learnt on.", min=4.0)
    ] = None,
    name: Annotated[str | None, typer.Option(help="The model's name; the recipe's or the file's if not given.")] = None,
    licence: Annotated[str | None, typer.Option(help="The model's licence.")] = None,
    frames: Frames = None,
    most: Most = 8,
    picture_cell_px: Annotated[
        float | None, typer.Option(help="A red cell's diameter in --frames; measured in each if not given.", min=4.0)
    ] = None,
    workspace_gib: Annotated[float, typer.Option(help="Memory that TensorRT may use while it builds.", min=0.001)] = 4.0,
) -> None:
    """Go the whole way, from a checkpoint to an FP16 engine, and report how far every form says the same."""
    import logging

    from engines.contract import EngineError
    from export.chain.chain import Request
    from export.chain.given import Said, given, weights_of
    from export.conversion_error import ConversionError
    from export.forms import Pictures

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    said = Said(
        architecture=architecture, channels=_named(channels), classes=_named(classes), width=width, side_px=side_px,
        cell_diameter_px=cell_diameter_px, name=name, licence=licence,
    )  # fmt: skip
    try:
        path = weights_of(source)
        spec, manifest = given(path, said)
        pictures = Pictures(frames, most, picture_cell_px)
        report = _with_progress(Request(path, spec, manifest, out, pictures, int(workspace_gib * (1 << 30))))
    except (ConversionError, EngineError) as error:
        raise typer.BadParameter(str(error)) from error
    _show(report)
    typer.echo(str(out))


def _named(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in text.split(",") if part.strip()) if text else ()


def _with_progress(request: Request) -> ChainReport:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from export.chain.chain import run_chain

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("starting", total=None)

        def tell(what: str, done: int, steps: int) -> None:
            shown.update(task, description=what[:60], completed=done, total=steps or None)

        return run_chain(request, tell)


def _show(report: ChainReport) -> None:
    from rich.console import Console
    from rich.table import Table

    from export.chain.report import HEADINGS

    console = Console(highlight=False)
    for line in report.heading():
        console.print(line, soft_wrap=True, markup=False)
    # Eighty columns hold no more; report.md and report.json have every figure.
    shown = [HEADINGS.index(name) for name in ("step", "MB", "ms a frame", "max |Δp|", "equal labels %", "counts")]
    table = Table(box=None)
    for place in shown:
        table.add_column(HEADINGS[place], justify="left" if HEADINGS[place] in ("step", "counts") else "right")
    for row in report.rows():
        table.add_row(*(row[place] for place in shown))
    console.print(table)
    notes = [f"{row[0]}: {row[-1]}" for row in report.rows() if row[-1]]
    for line in (*notes, *report.notices):
        console.print(line, soft_wrap=True, markup=False)
