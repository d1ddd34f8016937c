"""`hemocam bench`: the figures of README, on this machine."""

from __future__ import annotations

import json
import resource
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from edge.counting.logits import counts_of
from edge.frame import Pixels
from engines.opening import DEFAULT_MODEL, Opened, Runtime, open_model

if TYPE_CHECKING:
    from export.evaluate import Row

app = typer.Typer(no_args_is_help=True)

ModelName = Annotated[str, typer.Option(help="A model that ships with HemoCam, or the folder of one.")]
RuntimeName = Annotated[Runtime, typer.Option(help="What computes: cpu takes the model's default file.")]


def _note(text: str) -> None:
    """What a person must know of the runtime, beside the figures."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"note: {text}", markup=False)


@app.command()
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

    opened = open_model(model, runtime, counting=counts_of, tell=_note)
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


@app.command()
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


@app.command()
def speed(
    pictures: Annotated[
        list[str] | None, typer.Argument(help="Pictures to time; simulated fields of two sizes if not given.")
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    frames: Annotated[int, typer.Option(help="How often each size is counted.", min=3)] = 30,
) -> None:
    """Time the whole pipeline by stage, and against the bare run of the model on the same tensor. Medians."""
    from edge.cameras.images import expand, read_still

    opened = open_model(model, runtime, counting=counts_of, tell=_note)
    fields: dict[str, list[Pixels]] = {}
    if pictures:
        for path in expand(pictures):
            pixels = read_still(path)
            fields.setdefault(f"{pixels.shape[1]}x{pixels.shape[0]}", []).append(pixels)
    else:
        fields = {
            f"{width}x{height} simulated": [_simulated(width, height, um)]
            for width, height, um in ((640, 480, 0.19), (2592, 1944, 0.095))
        }
    title = f"{opened.manifest.name} {opened.file.precision} on {opened.engine.runtime}, medians of {frames}"
    table = Table("ms", box=None)
    with opened.engine:
        timed = {name: _timed(opened, group, frames) for name, group in fields.items()}
    for name in timed:
        table.add_column(name, justify="right")
    for stage in ("gate", "scale", "prepare", "infer", "decode", "count", "coverage", "whole"):
        table.add_row(stage, *(f"{ms[stage]:.1f}" for ms, _ in timed.values()))
    table.add_row("frames/s", *(f"{1000 / ms['whole']:.1f}" for ms, _ in timed.values()))
    table.add_row("bare run", *(f"{bare:.1f}" for _, bare in timed.values()))
    table.add_row("whole / bare", *(f"{ms['whole'] / bare:.2f}" for ms, bare in timed.values()))
    console = Console()
    console.print(title)
    console.print(table)
    console.print(f"peak memory {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")


def _simulated(width_px: int, height_px: int, um_per_px: float) -> Pixels:
    from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings

    settings = SimulatedSlideSettings(width_px=width_px, height_px=height_px, um_per_px=um_per_px, frames_per_s=None)
    with SimulatedSlide(settings) as slide:
        return slide.read(1.0).pixels


def _timed(opened: Opened, group: Sequence[Pixels], frames: int) -> tuple[dict[str, float], float]:
    """Median milliseconds by stage of what the loop does with a frame, and of the engine alone on the same tensor."""
    from edge.counting.counter import CountingPlan, FieldCounter
    from edge.counting.coverage import Coverage
    from edge.optics.gate import Gate, GateSettings
    from engines.prepare import prepare

    gate, coverage = Gate(GateSettings()), Coverage()
    counter = FieldCounter(opened.engine, opened.manifest, CountingPlan(live_frames=15))
    times: dict[str, list[float]] = {}
    bare: list[float] = []
    for index in range(frames + 2):
        pixels = group[index % len(group)]
        start = perf_counter()
        gate.judge(pixels, 40.0)
        judged = perf_counter()
        count = counter.counted(counter.see(pixels))
        counted = perf_counter()
        coverage.overlap(pixels)
        end = perf_counter()
        tensor = prepare(pixels, count.scale.cell_diameter_px, opened.manifest.preparing()).tensor
        before = perf_counter()
        opened.engine.run(tensor)
        if index < 2:
            continue  # the first runs allocate
        bare.append(1000.0 * (perf_counter() - before))
        found = dict(count.ms) | {
            "gate": 1000.0 * (judged - start),
            "coverage": 1000.0 * (end - counted),
            "whole": 1000.0 * (end - start),
        }
        for stage, ms in found.items():
            times.setdefault(stage, []).append(ms)
    return {stage: median(values) for stage, values in times.items()}, median(bare)
