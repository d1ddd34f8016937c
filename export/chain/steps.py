"""The chain's steps: what each makes, how long it takes, and how far it says what the one before says."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from engines.contract import Engine, PlanRefused, RuntimeMissing
from engines.manifest import ClassifierManifest
from engines.tensorrt.binding import TensorRT, find_tensorrt
from engines.tensorrt.building import BuildOptions, Built, Profile, build
from engines.tensorrt.loading import usual_options
from engines.tensorrt.running import TensorRTEngine
from engines.whole_file import write_whole
from export.chain.report import Step
from export.forms import as_on_device, on_cpu
from export.half_rounding import rounded
from export.model_folder import AnyManifest, add_form
from export.parity import SAME, parity
from export.tell import Tell
from export.timing import median_ms
from export.to_half import to_half

Tensors = Sequence[NDArray[np.uint8]]

CROPS_AT_ONCE = (1, 64, 256)
"""Smallest, usual and largest batch of a classifier: a field has some hundred cells."""
FP32, FP16 = "ONNX FP32", "ONNX FP16"


def first_step(reference: Engine, tensors: Tensors, made_s: float) -> Step:
    """The network as it was given, which all is held against; `reference` takes whole frames."""
    return Step(reference.runtime, made_s, frame_ms=median_ms(reference.run, tensors[0], 3))


def onnx_step(folder: Path, manifest: AnyManifest, reference: Engine | None, tensors: Tensors, made_s: float) -> Step:
    """The FP32 file in `folder` against the network that it was made of, where that can be run. Raises ParityError."""
    path = folder / manifest.file_of("fp32").file
    engine = on_cpu(path.read_bytes(), path.name, manifest)
    compared = None if reference is None else parity(engine.run, reference.run, tensors, manifest)
    if compared is not None:
        compared.require(f"the FP32 ONNX file of {manifest.name}", SAME)
    against = None if reference is None else reference.runtime
    ms = median_ms(engine.run, tensors[0])
    return Step(FP32, made_s, path.name, path.stat().st_size, ms, against, compared)


def half_step(folder: Path, manifest: AnyManifest, tensors: Tensors) -> tuple[AnyManifest, Step]:
    """Make FP16 of the FP32 file, hold it against that, put it into `folder`; the new manifest. Raises ConversionError."""
    fp32 = (folder / manifest.file_of("fp32").file).read_bytes()
    start = perf_counter()
    half = to_half(fp32)
    made_s = perf_counter() - start
    reference, as_on_gpu = on_cpu(fp32, FP32, manifest), on_cpu(rounded(half), FP16, manifest)
    compared = parity(as_on_gpu.run, reference.run, tensors, manifest)
    compared.require(f"the FP16 ONNX file of {manifest.name}", SAME)
    manifest = add_form(folder, manifest, "fp16", half)
    note = "compared with every tensor rounded to FP16, as on a GPU; a CPU gains nothing from it"
    return manifest, Step(FP16, made_s, manifest.file_of("fp16").file, len(half), None, FP32, compared, note)


def engine_step(folder: Path, manifest: AnyManifest, tensors: Tensors, workspace_bytes: int, tell: Tell) -> Step:
    """Build an engine for the tensors' sizes and, where there is a GPU for it, run it against the FP32 file.

    Raises BuildFailed, and ParityError where the engine counts otherwise. A TensorRT that is not installed, and a machine
    that cannot run the engine, is told in the step's note.
    """
    try:
        trt = find_tensorrt()
    except RuntimeMissing as error:
        return Step("TensorRT engine", 0.0, note=f"not built: {error}")
    options = BuildOptions(profile=_profile(manifest, tensors), workspace_bytes=workspace_bytes)
    source = manifest.file_of(options.graph_precision(trt))
    built = build((folder / source.file).read_bytes(), options, trt, tell)
    path = folder / f"model-fp16.{trt.package}.plan"
    write_whole(path, built.plan)
    path.chmod(0o644)
    return _run(folder, manifest, tensors, built, trt, path)


def _run(folder: Path, manifest: AnyManifest, tensors: Tensors, built: Built, trt: TensorRT, path: Path) -> Step:
    name = f"{trt.name} FP16 engine"
    told = f"{built.layers} layers, {built.typing.value}ly typed"
    try:
        opened = TensorRTEngine(built.plan, path.name, "fp16", trt=trt)
    except (RuntimeMissing, PlanRefused) as error:
        return Step(name, built.seconds, path.name, len(built.plan), note=f"{told}; built, not run here: {error}")
    fp32 = folder / manifest.file_of("fp32").file
    reference = on_cpu(fp32.read_bytes(), fp32.name, manifest)
    with as_on_device(opened, manifest) as engine:
        compared = parity(engine.run, reference.run, tensors, manifest)
        compared.require(f"the engine of {manifest.name}", SAME)
        ms = median_ms(engine.run, tensors[0])
        return Step(name, built.seconds, path.name, len(built.plan), ms, FP32, compared, f"{told}; on {engine.runtime}")


def _profile(manifest: AnyManifest, tensors: Tensors) -> Profile:
    """What the device feeds it with, widened to the tensors."""
    if isinstance(manifest, ClassifierManifest):
        usual = Profile(*((batch, manifest.side_px, manifest.side_px) for batch in CROPS_AT_ONCE))
    else:
        usual = usual_options(manifest).profile
        if manifest.tiling is not None:
            return usual
    batches, heights, widths = zip(*(tensor.shape[:3] for tensor in tensors), strict=True)
    low, high = (min(batches), min(heights), min(widths)), (max(batches), max(heights), max(widths))
    return Profile(
        tuple(map(min, usual.min, low)),
        usual.opt,
        tuple(map(max, usual.max, high)),
    )
