"""`hemocam export engine`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from engines.tensorrt.binding import TensorRT
    from engines.tensorrt.building import BuildOptions, Built
    from engines.tensorrt.profiles import Profile


class Precision(str, Enum):
    """engines.tensorrt.options.PlanPrecision."""

    FP16 = "fp16"
    FP32 = "fp32"
    INT8 = "int8"


class Typing(str, Enum):
    """engines.tensorrt.options.Typing, which is imported when the command runs."""

    STRONG = "strong"
    WEAK = "weak"


CROPS_AT_ONCE = (1, 64, 256)
"""Smallest, usual and largest batch of a classifier: a field has some hundred cells."""
_SIZE = "batch x height x width, e.g. 1x480x640; what the model is fed with on the device if not given."


def engine(
    source: Annotated[str, typer.Argument(help="A model's folder, a model that ships with HemoCam, or an ONNX file.")],
    out: Annotated[Path | None, typer.Option(help="The plan to write; NAME-PRECISION.plan here if not given.")] = None,
    precision: Annotated[Precision, typer.Option(help="What it computes in.")] = Precision.FP16,
    smallest: Annotated[str | None, typer.Option("--min", help=f"Smallest input: {_SIZE}")] = None,
    usual: Annotated[str | None, typer.Option("--opt", help="Usual input, which it is fastest at.")] = None,
    largest: Annotated[str | None, typer.Option("--max", help="Largest input.")] = None,
    workspace_gib: Annotated[
        float, typer.Option(help="Memory that a kernel may use while it is chosen and runs.", min=0.001)
    ] = 4.0,
    timing_cache: Annotated[Path | None, typer.Option(help="File that keeps kernels' timings for the next build.")] = None,
    dla: Annotated[int | None, typer.Option(help="Put what fits on this DLA core (Jetson), the rest on the GPU.")] = None,
    version_compatible: Annotated[
        bool, typer.Option("--version-compatible", help="Loads in later TensorRT of this major.")
    ] = False,
    hardware_compatible: Annotated[bool, typer.Option("--hardware-compatible", help="Runs on any GPU from Ampere on.")] = False,
    optimisation_level: Annotated[int | None, typer.Option(help="0 builds fastest, 5 runs fastest.", min=0, max=5)] = None,
    typing: Annotated[
        Typing | None, typer.Option(help="strong: the FP16 file decides; weak: FP32 file and a flag, up to TensorRT 10.")
    ] = None,
    package: Annotated[
        str | None, typer.Option(help="tensorrt or tensorrt_rtx; the one that is installed if not given.")
    ] = None,
) -> None:
    """Build a TensorRT engine from a model. It runs with this TensorRT on this GPU alone: build it on the device.

    TensorRT for RTX builds without a GPU, for RTX manifests. `hemocam engines build` also tests an engine and keeps it.
    """
    import logging
    from dataclasses import replace

    from engines.contract import EngineError
    from engines.tensorrt import options as building
    from engines.tensorrt.binding import find_tensorrt
    from engines.tensorrt.profiles import Profile, parse_size

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        trt = find_tensorrt(package)
        options = building.BuildOptions(
            precision=precision.value,
            typing=None if typing is None else building.Typing(typing.value),
            workspace_bytes=int(workspace_gib * building.GIB),
            dla_core=dla,
            version_compatible=version_compatible,
            hardware_compatible=hardware_compatible,
            optimisation_level=optimisation_level,
            timing_cache=timing_cache,
        )
        name, onnx, profile = _source(source, options, trt)
        sizes = [
            parse_size(text) if text else size
            for text, size in ((smallest, profile.min), (usual, profile.opt), (largest, profile.max))
        ]
        path = _writable(out or Path(f"{name}-{precision.value}.plan"), source)
        options = replace(options, profile=Profile(*sizes))
        built = _built(onnx, options, trt)
        _write(path, built.plan)
    except EngineError as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(
        f"{path}: {len(built.plan) / 1e6:.2f} MB of ONNX's {len(onnx) / 1e6:.2f} MB, {precision.value}, "
        f"{built.typing.value}ly typed, {built.layers} layers"
    )
    typer.echo(f"built in {built.seconds:.1f} s by {built.runtime} for {options.profile}")


def _source(source: str, options: BuildOptions, trt: TensorRT) -> tuple[str, bytes, Profile]:
    """The model's name, the ONNX that this build takes, and the sizes that the device feeds it with."""
    from engines.contract import ManifestInvalid, ModelCorrupt
    from engines.manifest import ClassifierManifest, checked_bytes, load_any_manifest
    from engines.model_names import model_folder
    from engines.tensorrt.loading import usual_options
    from engines.tensorrt.profiles import Profile

    path = Path(source)
    if path.is_file():
        try:
            return path.stem, path.read_bytes(), Profile()
        except OSError as error:
            raise ModelCorrupt(f"{path} cannot be read ({error.strerror})") from error
    folder = model_folder(source)
    manifest = load_any_manifest(folder)
    wanted = options.graph_precision(trt)
    try:
        file = manifest.file_of(wanted)
    except ManifestInvalid as error:
        cure = {"fp16": "hemocam export half", "int8-symmetric": "hemocam export int8 --for tensorrt"}.get(
            wanted, "hemocam export onnx"
        )
        raise ManifestInvalid(f"{error}; {trt.name} takes {wanted}: make it with {cure} {folder}") from error
    if isinstance(manifest, ClassifierManifest):
        least, most, all_ = ((batch, manifest.side_px, manifest.side_px) for batch in CROPS_AT_ONCE)
        return manifest.name, checked_bytes(folder, file), Profile(least, most, all_)
    return manifest.name, checked_bytes(folder, file), usual_options(manifest).profile


def _writable(path: Path, source: str) -> Path:
    """`path`, tried before a build of minutes."""
    import os

    if path.is_dir() or path.resolve() == Path(source).resolve():
        raise typer.BadParameter(
            f"{path} is {'a folder' if path.is_dir() else 'the model itself'}; name the plan's file: --out FILE.plan"
        )
    if not path.parent.is_dir() or not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(f"{path.parent} is no folder to write in; make it, or name another file with --out")
    return path


def _built(onnx: bytes, options: BuildOptions, trt: TensorRT) -> Built:
    """The build, with its progress on the terminal."""
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

    from engines.tensorrt.building import build

    columns = (SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("parsing", total=None)
        return build(
            onnx,
            options,
            trt,
            # Without steps in all TensorRT says how far it is in its log alone: then the bar only moves.
            lambda phase, done, steps: shown.update(task, description=phase[:60], completed=done, total=steps or None),
        )


def _write(path: Path, plan: bytes) -> None:
    from engines.tensorrt.errors import BuildFailed
    from engines.whole_file import write_whole

    try:
        write_whole(path, plan)
    except OSError as error:
        raise BuildFailed(
            f"the plan cannot be written to {path} ({error.strerror}); free space there, or name another file"
        ) from error
