"""`hemocam count`: pictures, one by one."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from edge.cameras.camera import FrameUnreadable
from edge.cameras.images import expand
from edge.commands.options import (
    Border,
    CellDiameter,
    ClassifierName,
    InsistOnScale,
    ModelName,
    RuntimeName,
    Types,
    UmPerPx,
    escaped,
    one_scale,
)
from edge.counting.cell import CellClass, Method
from edge.counting.errors import CountingError
from edge.counting.field_count import BorderRule
from edge.counting.logits import counts_of
from edge.plural import plural
from engines.model_names import DEFAULT_MODEL, DEFAULT_TYPES
from engines.opening import Runtime, open_model

Paths = Annotated[
    list[str], typer.Argument(help="Pictures (JPEG, PNG, BMP, TIFF), folders of them, or globs.", metavar="PATH...")
]
MethodName = Annotated[Method | None, typer.Option(help="How cells are told apart; the model's own choice if not given.")]


def count(
    paths: Paths,
    um_per_px: UmPerPx = None,
    cell_diameter_px: CellDiameter = None,
    insist_on_scale: InsistOnScale = False,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    method: MethodName = None,
    border: Border = BorderRule.ALL,
    types: Types = False,
    classifier: ClassifierName = DEFAULT_TYPES,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture on standard output, nothing else.")
    ] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a table of the counts here.")] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Write pictures with the counted cells drawn on them into this folder.")
    ] = None,
) -> None:
    """Count the cells in pictures. The exit code is 1 if one of them could not be counted."""
    from edge.cells.namer import Namer
    from edge.commands.counting_output import CsvOutput, JsonOutput, OverlayOutput, TableOutput
    from edge.counting.counter import CountingSettings, FieldCounter
    from edge.loop.single_picture import count_picture
    from edge.optics.gate import Gate, GateSettings
    from engines.classifier import open_classifier
    from engines.contract import InferenceFailed

    one_scale(um_per_px, cell_diameter_px)
    console, errors = Console(), Console(stderr=True, highlight=False, soft_wrap=True)
    files = expand(paths)
    opened = open_model(model, runtime, counting=counts_of, tell=lambda text: errors.print(f"[yellow]note:[/] {escaped(text)}"))
    methods = dict.fromkeys(CellClass, method) if method else {}
    plan = CountingSettings(methods, border, cell_diameter_px, insist_on_scale=insist_on_scale)
    gate, counter = Gate(GateSettings()), FieldCounter(opened.engine, opened.manifest, plan)

    def counted(path: Path) -> bool:
        try:
            picture = count_picture(path, gate, counter, um_per_px)
        except (FrameUnreadable, CountingError, InferenceFailed) as error:
            reason = str(error)
            errors.print(f"[bold red]not counted:[/] {escaped(reason if str(path) in reason else f'{path}: {reason}')}")
            for output in outputs:
                output.fail(path, reason)
            return False
        if named is not None and picture.count is not None:
            try:
                picture = replace(picture, count=named.typed(picture.pixels, picture.count))
            except InferenceFailed as error:  # the count is right all the same
                errors.print(f"[bold red]no types:[/] {escaped(path)}: {escaped(error)}")
        if picture.count is None:
            errors.print(f"[bold red]not counted:[/] {escaped(path)}: {escaped(getattr(picture.verdict, 'advice', ''))}")
        for output in outputs:
            output.add(picture)
        return picture.count is not None

    named = Namer(open_classifier(classifier)) if types else None
    with opened.engine, _progress(errors, len(files)) as progress:
        outputs = [
            JsonOutput(sys.stdout, opened) if as_json else TableOutput(console),
            *([CsvOutput(csv_file, named.types if named else ())] if csv_file else []),
            *([OverlayOutput(overlay)] if overlay else []),
        ]  # fmt: skip
        failed = sum(not counted(path) for path in progress.track(files, description="counting"))
    for output in outputs:
        output.close()
    if failed:
        errors.print(f"{failed} of {plural(len(files), 'picture')} could not be counted")
        raise typer.Exit(1)


def _progress(console: Console, total: int) -> Progress:
    """A bar on standard error, so that standard output holds results alone; none for a picture or two."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=total < 3 or not console.is_terminal)
