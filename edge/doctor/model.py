"""The model: every file as its manifest says, and an engine that counts a sealed frame rightly."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from edge.counting.logits import counts_of
from edge.doctor.finding import Finding, Level
from engines.acceptance import accept, open_reference, reference_frames, strictness_of
from engines.contract import EngineError
from engines.manifest import Manifest, ModelFile, Reference, checked_bytes, load_manifest
from engines.model_names import model_folder
from engines.opening import Runtime, open_on
from engines.plan_cache import PlanCache
from engines.tiling import over_fields

NAME = "model"
AGAIN = "install HemoCam again, or name another model"


def check_model(model: str, runtime: Runtime, threads: int | None = None, cache: PlanCache | None = None) -> Iterator[Finding]:
    """Hashes of all files, then one sealed frame through the engine that `runtime` takes. Builds nothing."""
    try:
        folder = model_folder(model)
        manifest = load_manifest(folder)
    except EngineError as error:
        yield Finding(NAME, Level.ERROR, str(error), AGAIN)
        return
    wrong = list(_wrong_files(folder, manifest))
    yield from wrong
    if wrong:
        return
    yield Finding(NAME, Level.OK, f"{manifest.name}: {len(manifest.files)} files, each with its manifest's hash")
    try:
        if runtime is Runtime.TENSORRT and not _is_built(manifest, cache or PlanCache()):
            text = "no TensorRT engine is built for your user (a service builds its own): a first start takes minutes"
            yield Finding(NAME, Level.WARNING, text, f"hemocam engines build {model}")
            return
        yield _counted(folder, manifest, runtime, threads)
    except EngineError as error:
        yield Finding(
            NAME, Level.ERROR, f"{runtime.value}: {error}", f"hemocam engines verify {model} --runtime {runtime.value}"
        )


def _wrong_files(folder: Path, manifest: Manifest) -> Iterator[Finding]:
    files: list[ModelFile | Reference] = [*manifest.files]
    files += [manifest.reference] if manifest.reference is not None else []
    for file in files:
        try:
            checked_bytes(folder, file)
        except EngineError as error:
            yield Finding(NAME, Level.ERROR, str(error), AGAIN)


def _is_built(manifest: Manifest, cache: PlanCache) -> bool:
    known = {file.sha256 for file in manifest.files}
    return any(entry.key.onnx_sha256 in known for entry in cache.entries())


def _counted(folder: Path, manifest: Manifest, runtime: Runtime, threads: int | None) -> Finding:
    if manifest.reference is None:
        return Finding(
            NAME, Level.WARNING, f"{manifest.name} has no sealed frames: nothing says whether an engine counts rightly",
            f"hemocam export seal {folder}",
        )  # fmt: skip
    frames = reference_frames(folder, manifest)[:1]
    opened = open_on(folder, manifest, runtime, threads, counts_of, lambda text: None)
    with opened.engine, over_fields(open_reference(folder, manifest, threads), manifest) as reference:
        result = accept(opened.engine, reference, manifest, frames, counts_of, strictness_of(opened.file.precision))
    if not result.passed:
        cure = f"hemocam engines verify {manifest.name} --runtime {runtime.value}; record with another model.runtime meanwhile"
        return Finding(NAME, Level.ERROR, f"{opened.engine.runtime} miscounts a sealed frame: {result.reason}", cure)
    return Finding(NAME, Level.OK, f"{opened.engine.runtime}: {result.text}")
