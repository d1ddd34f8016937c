"""`hemocam bench speed`: the time of every stage of one field."""

from __future__ import annotations

import resource
from collections.abc import Sequence
from statistics import median
from time import perf_counter
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName, note
from edge.counting.logits import counts_of
from edge.frame import Pixels
from engines.model_names import DEFAULT_MODEL
from engines.opening import Opened, Runtime, open_model


def speed(
    pictures: Annotated[
        list[str] | None, typer.Argument(help="Pictures to time; simulated fields of two sizes if not given.")
    ] = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    frames: Annotated[int, typer.Option(help="How often each size is counted.", min=3)] = 30,
) -> None:
    """Time the whole pipeline by stage, and against the bare run of the model on the same tensor. Medians."""
    from edge.cameras.images import expand, read_picture

    opened = open_model(model, runtime, counting=counts_of, tell=note)
    fields: dict[str, list[Pixels]] = {}
    if pictures:
        for path in expand(pictures):
            pixels = read_picture(path)
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
        return slide.read().pixels


def _timed(opened: Opened, group: Sequence[Pixels], frames: int) -> tuple[dict[str, float], float]:
    """Median milliseconds by stage of what the loop does with a frame, and of the engine alone on the same tensor."""
    from edge.counting.counter import CountingSettings, FieldCounter
    from edge.optics.gate import Gate, GateSettings
    from edge.slide.coverage import Coverage
    from engines.prepare import prepare

    gate, coverage = Gate(GateSettings()), Coverage()
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings(live_frames=15))
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
