"""From a model's name to a running engine: the only place that chooses."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from engines.contract import Engine, ManifestInvalid, ModelCorrupt
from engines.manifest import FILE_NAME, Manifest, ModelFile, checked_bytes, load_manifest
from engines.onnxrt import OnnxRuntime

MODELS = Path(__file__).parent / "models"
DEFAULT_MODEL = "field"


class Runtime(str, Enum):
    """What executes a model. CPU takes the manifest's default file, CPU_FP32 and CPU_INT8 that precision."""

    CPU = "cpu"
    CPU_FP32 = "cpu-fp32"
    CPU_INT8 = "cpu-int8"
    CUDA = "cuda"


@dataclass(frozen=True, slots=True)
class Opened:
    """A model ready to run, with what a record must say of it."""

    engine: Engine
    manifest: Manifest
    file: ModelFile


def model_names() -> list[str]:
    """The models that ship with HemoCam, the default first."""
    found = sorted(path.parent.name for path in MODELS.glob(f"*/{FILE_NAME}"))
    return sorted(found, key=lambda name: name != DEFAULT_MODEL)


def model_folder(model: str) -> Path:
    """The folder of a shipped model's name, or of a path. Raises ManifestInvalid where there is neither."""
    shipped = MODELS / model
    if model and "/" not in model and (shipped / FILE_NAME).is_file():
        return shipped
    folder = Path(model)
    if (folder / FILE_NAME).is_file():
        return folder
    raise ManifestInvalid(f"there is no model {model!r}: name {', '.join(model_names())} or a folder with a {FILE_NAME}")


def open_model(model: str = DEFAULT_MODEL, runtime: Runtime = Runtime.CPU, threads: int | None = None) -> Opened:
    """Load a model on a runtime. Raises ManifestInvalid, ModelCorrupt or RuntimeMissing."""
    folder = model_folder(model)
    manifest = load_manifest(folder)
    precision = {Runtime.CPU: None, Runtime.CPU_FP32: "fp32", Runtime.CPU_INT8: "int8", Runtime.CUDA: "fp32"}[runtime]
    file = manifest.file_of(precision)
    provider = "CUDAExecutionProvider" if runtime is Runtime.CUDA else "CPUExecutionProvider"
    engine = OnnxRuntime(checked_bytes(folder, file), str(folder / file.file), threads, provider)
    if len(engine.input.shape) != 4 or len(engine.output.shape) != 4:
        raise ModelCorrupt(
            f"{folder / file.file}: its input and output must have 4 dimensions, they are {engine.input}, {engine.output}"
        )
    if engine.output.shape[1] not in (None, len(manifest.channels)):
        raise ManifestInvalid(
            f"{folder}: the model gives {engine.output.shape[1]} channels, its manifest names {len(manifest.channels)}"
        )
    return Opened(engine, manifest, file)
