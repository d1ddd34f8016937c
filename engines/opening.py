"""From a model's name to a running engine: the only place that chooses."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum
from itertools import pairwise
from pathlib import Path

from engines.acceptance import Acceptance, Counting
from engines.contract import Engine, EngineError, ManifestInvalid, ModelCorrupt
from engines.manifest import Manifest, ModelFile, Precision, checked_bytes, load_manifest
from engines.model_names import DEFAULT_MODEL, model_folder
from engines.onnxrt import OnnxRuntime, providers
from engines.tensorrt.loading import Tell, load
from engines.tiling import over_fields


class Runtime(str, Enum):
    """What executes a model. CPU takes the manifest's default file, CPU_FP32 and CPU_INT8 that precision."""

    CPU = "cpu"
    CPU_FP32 = "cpu-fp32"
    CPU_INT8 = "cpu-int8"
    CUDA = "cuda"
    TENSORRT = "tensorrt"


_PRECISION: dict[Runtime, Precision | None] = {
    Runtime.CPU: None, Runtime.CPU_FP32: "fp32", Runtime.CPU_INT8: "int8", Runtime.CUDA: "fp32"
}  # fmt: skip
_CUDA = "CUDAExecutionProvider"


@dataclass(frozen=True, slots=True)
class Opened:
    """A model ready to run, with what a record must say of it. `notices` are what a person must be told of how it came so."""

    engine: Engine
    manifest: Manifest
    file: ModelFile
    runtime: Runtime = Runtime.CPU
    acceptance: Acceptance | None = None
    notices: tuple[str, ...] = ()

    @property
    def stamp(self) -> str:
        """The runtime as every session and report names it, with its acceptance where it was tested."""
        return self.engine.runtime if self.acceptance is None else f"{self.engine.runtime}; {self.acceptance.text}"


def open_model(
    model: str = DEFAULT_MODEL, runtime: Runtime = Runtime.CPU, threads: int | None = None, *,
    counting: Counting | None = None, tell: Tell | None = None,
) -> Opened:  # fmt: skip
    """Load a model. Where TensorRT cannot be used the next runtime is: CUDA where onnxruntime has it, else the CPU.

    `counting` tests a new TensorRT engine against its reference (engines.acceptance). Every such turn is a notice of what is
    opened; `tell` hears it as it happens. Raises ManifestInvalid, ModelCorrupt or RuntimeMissing.
    """
    folder = model_folder(model)
    manifest = load_manifest(folder)
    notices: list[str] = []

    def say(text: str) -> None:
        notices.append(text)
        if tell is not None:
            tell(text)

    order = [runtime]
    if runtime is Runtime.TENSORRT:
        order += [Runtime.CUDA, Runtime.CPU] if has_cuda() else [Runtime.CPU]
    for this, following in pairwise(order):
        try:
            return replace(open_on(folder, manifest, this, threads, counting, say), notices=tuple(notices))
        except EngineError as error:
            say(f"{this.value} is not used: {error}. Taking {following.value}")
    return replace(open_on(folder, manifest, order[-1], threads, counting, say), notices=tuple(notices))


def has_cuda() -> bool:
    """Whether this onnxruntime was built with CUDA; whether it starts is seen when a model is opened."""
    return _CUDA in providers()


def file_on(manifest: Manifest, runtime: Runtime) -> ModelFile:
    """The file that onnxruntime would take of the model. Raises ManifestInvalid where it has none for this runtime."""
    return manifest.file_of(_PRECISION[runtime])


def open_on(
    folder: Path, manifest: Manifest, runtime: Runtime, threads: int | None, counting: Counting | None, tell: Tell, *,
    again: bool = False,
) -> Opened:  # fmt: skip
    """Load a model on this runtime and no other; `again` builds a TensorRT plan anew even where one is cached.

    Raises EngineError's kinds.
    """
    if runtime is Runtime.TENSORRT:
        loaded = load(folder, manifest, counting, tell, again=again)
        opened = Opened(loaded.engine, manifest, loaded.file, runtime, loaded.acceptance)
    else:
        file = file_on(manifest, runtime)
        provider = _CUDA if runtime is Runtime.CUDA else "CPUExecutionProvider"
        engine = OnnxRuntime(checked_bytes(folder, file), str(folder / file.file), threads, provider)
        opened = Opened(over_fields(engine, manifest), manifest, file, runtime)
    try:
        _check(opened, folder)
    except EngineError:
        opened.engine.__exit__(None, None, None)
        raise
    return opened


def _check(opened: Opened, folder: Path) -> None:
    """Whether input and output are a field model's, as its manifest says."""
    engine, manifest = opened.engine, opened.manifest
    if len(engine.input.shape) != 4 or len(engine.output.shape) != 4:
        raise ModelCorrupt(
            f"{folder / opened.file.file}: its input and output must have 4 dimensions, "
            f"they are {engine.input}, {engine.output}"
        )
    if engine.output.shape[1] not in (None, len(manifest.channels)):
        raise ManifestInvalid(
            f"{folder}: the model gives {engine.output.shape[1]} channels, its manifest names {len(manifest.channels)}"
        )
