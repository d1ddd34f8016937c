"""`hemocam engines`: what computes on this machine, whether it counts rightly, and how fast."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from engines.contract import EngineError, PlanRefused, RuntimeMissing
from engines.model_names import DEFAULT_MODEL, model_folder, model_names
from engines.opening import Opened, Runtime, open_on

if TYPE_CHECKING:
    from engines.acceptance import Acceptance
    from engines.plan_cache import Machine, PlanEntry

app = typer.Typer(no_args_is_help=True)

ModelName = Annotated[str, typer.Argument(help="A model that ships with HemoCam, or the folder of one.")]
Threads = Annotated[int | None, typer.Option(help="Threads of a CPU runtime; all cores if not given.", min=1, max=256)]
WARM_UPS = 2


def _note(text: str) -> None:
    """Beside the results, on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"note: {text}", markup=False)


@app.command("list")
def list_() -> None:
    """List the models with their files, and the TensorRT engines built on this machine."""
    from engines.manifest import Manifest, load_any_manifest
    from engines.plan_cache import PlanCache

    console = Console()
    models = Table("model", "file", "precision", box=None)
    models.add_column("MB", justify="right")
    models.add_column("reference frames")
    known: dict[str, str] = {}
    for name in model_names():
        folder = model_folder(name)
        manifest = load_any_manifest(folder)
        reference = manifest.reference if isinstance(manifest, Manifest) else None
        sealed = "–" if reference is None else str(len(reference.counts))
        for place, file in enumerate(manifest.files):
            known[file.sha256] = f"{name} {file.precision}"
            size = f"{(folder / file.file).stat().st_size / 1e6:.1f}" if (folder / file.file).is_file() else "missing"
            first = place == 0
            models.add_row(name if first else "", file.file, file.precision + " (default)" * first, size, sealed * first)
    console.print(models)
    cache = PlanCache()
    entries = cache.entries()
    console.print()
    if not entries:
        console.print(
            f"No TensorRT engine in {cache.folder}; build one with: hemocam engines build", soft_wrap=True, markup=False
        )
        return
    console.print(f"TensorRT engines in {cache.folder}:", soft_wrap=True, markup=False)
    for entry in entries:
        _print_plan(console, entry, known)


def _print_plan(console: Console, entry: PlanEntry, known: dict[str, str]) -> None:
    """One engine in a few lines: tables of 80 columns hold no profile beside an acceptance."""
    machine, acceptance = entry.key.machine, entry.acceptance
    whose = known.get(entry.key.onnx_sha256, f"ONNX {entry.key.onnx_sha256[:12]}…")
    verdict = "[yellow]not tested[/]"
    if acceptance is not None:
        good = acceptance.get("passed") is True
        verdict = "[green]accepted[/]" if good else f"[bold red]refused:[/] {escape(str(acceptance.get('reason')))}"
    console.print(
        f"[bold]{escape(whose)}[/]  {machine.package} {machine.version}, {entry.key.precision}, {entry.size_bytes / 1e6:.1f} MB"
    )
    console.print(f"  on {escape(machine.gpu_name)}, sizes {entry.key.profile}", highlight=False)
    console.print(
        f"  built {entry.built_at:%Y-%m-%d %H:%M} UTC, used {entry.used_at:%Y-%m-%d %H:%M} UTC, {verdict}", highlight=False
    )


@app.command()
def add(folder: Annotated[Path, typer.Argument(help="Folder of a model: its manifest and its files.")]) -> None:
    """Copy a model onto this machine, so that --model finds it by its name."""
    from engines.manifest import Manifest, load_any_manifest
    from engines.model_names import add_model

    target = add_model(folder)
    manifest = load_any_manifest(target)
    option = "--model" if isinstance(manifest, Manifest) else "--classifier"
    typer.echo(f"{manifest.name} is in {target}; licence: {manifest.licence}. Use it with {option} {manifest.name}")
    if manifest.research_only:
        _note("it learnt from pictures that are for research only: a clinic may not use it")


@app.command()
def build(
    model: ModelName = DEFAULT_MODEL,
    again: Annotated[bool, typer.Option("--again", help="Build even where a plan is there.")] = False,
    smallest: Annotated[str | None, typer.Option("--min", help="Smallest input, as 1x64x64: batch, height, width.")] = None,
    usual: Annotated[str | None, typer.Option("--opt", help="The size that it is fastest at.")] = None,
    largest: Annotated[str | None, typer.Option("--max", help="Largest input.")] = None,
    precision: Annotated[str, typer.Option(help="fp16 or fp32.")] = "fp16",
) -> None:
    """Build a model's TensorRT engine, and test whether it counts like its reference. The exit code is 1 if it does not."""
    from dataclasses import replace

    from edge.counting.logits import counts_of
    from engines.manifest import load_manifest
    from engines.tensorrt.loading import load, usual_options
    from engines.tensorrt.profiles import Profile, parse_size

    if precision not in ("fp16", "fp32"):
        raise typer.BadParameter(f"precision must be fp16 or fp32, not {precision}")
    folder = model_folder(model)
    manifest = load_manifest(folder)
    options = usual_options(manifest)
    own = options.profile
    sizes = (
        parse_size(given) if given else default
        for given, default in ((smallest, own.min), (usual, own.opt), (largest, own.max))
    )
    options = replace(options, profile=Profile(*sizes), precision="fp16" if precision == "fp16" else "fp32")
    console = Console(highlight=False)
    columns = (TextColumn("{task.description}"), BarColumn(bar_width=20), TimeElapsedColumn())
    errors = Console(stderr=True)
    with Progress(*columns, console=errors, transient=True, disable=not errors.is_terminal) as progress:
        task = progress.add_task("building", total=None)

        def advance(phase: str, step: int, total: int) -> None:
            progress.update(task, description=phase[:40], completed=step, total=total or None)

        try:
            loaded = load(folder, manifest, counts_of, _note, options=options, progress=advance, again=again)
        except PlanRefused as error:
            console.print(f"[bold red]refused:[/] {escape(str(error))}", soft_wrap=True)
            raise typer.Exit(1) from error
    with loaded.engine as engine:
        console.print(f"{manifest.name} on {engine.runtime}", markup=False, soft_wrap=True)
    console.print("not tested" if loaded.acceptance is None else loaded.acceptance.text, soft_wrap=True)


@app.command()
def verify(
    model: ModelName = DEFAULT_MODEL,
    runtime: Annotated[Runtime, typer.Option(help="What to test against FP32 on onnxruntime.")] = Runtime.CPU,
    threads: Threads = None,
) -> None:
    """Count the sealed reference frames on a runtime, and compare with FP32 on onnxruntime. The exit code is 1 if it differs.

    An int8 file may have 5 % of a frame's cells more or fewer, everything else none.
    """
    from engines.acceptance import strictness_of

    console = Console(highlight=False)
    try:
        opened, result = _verified(model_folder(model), runtime, threads)
    except PlanRefused as error:
        console.print(f"[bold red]refused:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(1) from error
    strictness = strictness_of(opened.file.precision)
    console.print(f"{opened.manifest.name} {opened.file.precision} on {opened.engine.runtime}", soft_wrap=True, markup=False)
    table = Table("frame", box=None)
    for kind in opened.manifest.decoding:
        table.add_column(kind.upper(), justify="right")
        table.add_column("reference", justify="right")
    for index, (found, wanted) in enumerate(zip(result.counts, result.reference_counts, strict=False)):
        cells: list[str] = []
        for kind in opened.manifest.decoding:
            good = strictness.allows(found[kind], wanted[kind])
            cells += [str(found[kind]) if good else f"[bold red]{found[kind]}[/]", str(wanted[kind])]
        table.add_row(str(index), *cells)
    console.print(table)
    console.print(f"largest difference of a logit {result.worst_logit:.2g}")
    console.print(f"[{'green' if result.passed else 'bold red'}]{escape(result.text)}[/]", soft_wrap=True)
    if not result.passed:
        raise typer.Exit(1)


def _verified(folder: Path, runtime: Runtime, threads: int | None) -> tuple[Opened, Acceptance]:
    from edge.counting.logits import counts_of
    from engines.acceptance import accept, open_reference, reference_frames, strictness_of
    from engines.manifest import load_manifest
    from engines.tiling import over_fields

    manifest = load_manifest(folder)
    frames = reference_frames(folder, manifest)
    opened = open_on(folder, manifest, runtime, threads, counts_of, _note)
    with opened.engine, over_fields(open_reference(folder, manifest, threads), manifest) as reference:
        return opened, accept(opened.engine, reference, manifest, frames, counts_of, strictness_of(opened.file.precision))


@app.command()
def bench(
    model: ModelName = DEFAULT_MODEL,
    width_px: Annotated[int, typer.Option(help="Width of the tensor, at the model's own scale.", min=16, max=8192)] = 640,
    height_px: Annotated[int, typer.Option(help="Height of the tensor.", min=16, max=8192)] = 480,
    runs: Annotated[int, typer.Option(help="How often each runs.", min=3, max=10_000)] = 20,
    threads: Threads = None,
) -> None:
    """Time the bare run of a model on every runtime that this machine has; `hemocam bench speed` times the pipeline."""
    from engines.manifest import load_manifest

    folder = model_folder(model)
    manifest = load_manifest(folder)
    multiple = manifest.preparation.multiple_px
    height, width = (-(-size // multiple) * multiple for size in (height_px, width_px))
    tensor = np.random.default_rng(0).integers(0, 256, (1, height, width, 3), dtype=np.uint8)
    table = Table("runtime", "file", box=None)
    for title in ("ms", "slowest", "on the GPU"):
        table.add_column(title, justify="right")
    table.add_column("", overflow="fold")
    console = Console(highlight=False)
    for runtime in (Runtime.CPU_INT8, Runtime.CPU_FP32, Runtime.CUDA, Runtime.TENSORRT):
        try:
            # Not counted with: what is timed here is recorded nowhere.
            opened = open_on(folder, manifest, runtime, threads, None, lambda text: None)
            with opened.engine as engine:
                taken, device = _timed(engine.run, lambda: getattr(engine, "last_device_ms", None), tensor, runs)
        except EngineError as error:
            table.add_row(runtime.value, "–", "–", "–", "–", escape(_reason(error)))
            continue
        on_gpu = f"{median(device):.1f}" if device else "–"
        table.add_row(runtime.value, opened.file.precision, f"{median(taken):.1f}", f"{max(taken):.1f}", on_gpu, "")
    console.print(f"{manifest.name}, {width}x{height} px, medians of {runs} runs", markup=False)
    console.print(table)


def _reason(error: EngineError) -> str:
    return f"not here: {str(error).split(';')[0].split('(')[0].strip()}" if isinstance(error, RuntimeMissing) else str(error)


def _timed(
    run: Callable[[np.ndarray], object], on_gpu: Callable[[], float | None], tensor: np.ndarray, runs: int
) -> tuple[Sequence[float], Sequence[float]]:
    """Milliseconds of each run, and those on the GPU where it tells them; the first runs allocate and are left out."""
    taken: list[float] = []
    device: list[float] = []
    for index in range(runs + WARM_UPS):
        start = perf_counter()
        run(tensor)
        if index < WARM_UPS:
            continue
        taken.append(1000.0 * (perf_counter() - start))
        told = on_gpu()
        if told is not None:
            device.append(told)
    return taken, device


@app.command()
def prune(
    unused_days: Annotated[int | None, typer.Option(help="Also those that were not used for so many days.", min=0)] = None,
    most_mb: Annotated[int | None, typer.Option(help="Then the longest unused, until all are this small.", min=0)] = None,
    everything: Annotated[bool, typer.Option("--all", help="All of them; they are built again when they are needed.")] = False,
) -> None:
    """Remove built engines that do not fit this machine any more: another GPU, driver or TensorRT. Models stay."""
    from engines.plan_cache import PlanCache

    machine = None
    if not everything:
        try:
            machine = _this_machine()
        except RuntimeMissing as error:
            if unused_days is None and most_mb is None:
                raise RuntimeMissing(f"{error}; without TensorRT say which: --all, --unused-days or --most-mb") from error
            _note(f"{error}; engines of other machines are kept")
    unused_for = None if unused_days is None else timedelta(days=unused_days)
    most_bytes = 0 if everything else None if most_mb is None else most_mb * 1_000_000
    taken = PlanCache().prune(most_bytes, machine, unused_for)
    megabytes = sum(entry.size_bytes for entry in taken) / 1e6
    typer.echo(f"removed {len(taken)} engine{'s' * (len(taken) != 1)}, {megabytes:.1f} MB")


def _this_machine() -> Machine:
    from engines.plan_cache import this_machine
    from engines.tensorrt.binding import find_tensorrt
    from engines.tensorrt.gpu_owner import describe_gpu, load_cuda

    return this_machine(find_tensorrt(), describe_gpu(load_cuda()))
