"""The whole way: checkpoint → ONNX → FP16 → engine, each held against the one before."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import torch

from engines.contract import Engine
from engines.manifest import Manifest, load_any_manifest
from engines.whole_file import write_whole
from export.bringing import BringingSpec, bring, write_model_folder
from export.bringing.model_folder import ManifestFacts
from export.bringing.source_kind import SourceKind, kind_of
from export.bringing.torch_state import read as read_state
from export.chain.report import ChainReport, Step
from export.chain.source_engine import SourceEngine
from export.chain.steps import Tensors, engine_step, first_step, half_step, onnx_step
from export.forms import Pictures, as_on_device, compared_on
from export.model_folder import AnyManifest, staged
from export.sealing import SealingError, seal
from export.tell import Tell

REPORT = "report"


@dataclass(frozen=True, slots=True)
class Request:
    """`source` as export.bringing takes it, and where the model's folder goes."""

    source: Path
    spec: BringingSpec
    manifest: ManifestFacts
    out: Path
    pictures: Pictures = field(default_factory=Pictures)
    workspace_bytes: int = 4 << 30


def run_chain(request: Request, tell: Tell) -> ChainReport:
    """Make the model's folder with the files, its engine and the report (Markdown, JSON). All of it or nothing.

    Raises ConversionError (ParityError with the figures where a form does not say the same), EngineError.
    """
    with staged(request.out) as folder:
        tell("reading and converting", 0, 0)
        start = perf_counter()
        brought = bring(request.source, request.spec)
        write_model_folder(folder, brought, request.spec, request.manifest)
        converted_s = perf_counter() - start
        manifest, sealed = _sealed(folder, tell)
        tensors, told = compared_on(folder, manifest, request.pictures)
        tell("comparing the source with ONNX", 0, 0)
        source = _source_step(request, manifest, tensors, brought.kind, brought.worst)
        steps = [source[1], onnx_step(folder, manifest, source[0], tensors, converted_s)]
        tell("making FP16 and comparing it", 0, 0)
        manifest, half = half_step(folder, manifest, tensors)
        steps += [half, engine_step(folder, manifest, tensors, request.workspace_bytes, tell)]
        report = ChainReport(
            model=manifest.name, source=str(request.source), source_sha256=brought.source_sha256,
            parameters=manifest.parameters, frames=told, machine=_machine(),
            notices=(*brought.notices, *sealed), steps=tuple(steps),
        )  # fmt: skip
        for suffix, text in ((".md", report.markdown()), (".json", report.json())):
            write_whole(folder / f"{REPORT}{suffix}", text.encode())
            (folder / f"{REPORT}{suffix}").chmod(0o644)
        return report


def _sealed(folder: Path, tell: Tell) -> tuple[AnyManifest, tuple[str, ...]]:
    """The manifest with sealed reference frames where the model counts cells that can be sealed; else why not."""
    if isinstance(load_any_manifest(folder), Manifest):
        try:
            seal(folder, tell=tell)
        except SealingError as error:
            return load_any_manifest(folder), (f"no reference frames were sealed: {error}",)
    return load_any_manifest(folder), ()


def _source_step(
    request: Request, manifest: AnyManifest, tensors: Tensors, kind: str, worst: float
) -> tuple[Engine | None, Step]:
    """The source at work on the frames, where its outputs are the model's own: a network of the zoo. Of another, bringing it in
    compared the outputs, and its figure is told."""
    if kind_of(request.source) is not SourceKind.TORCH_STATE:
        note = f"not run on the frames; on test pictures its outputs and the ONNX file's differ by {worst:.1g} at most"
        return None, Step(kind, 0.0, note=note)
    start = perf_counter()
    reference = read_state(request.source, request.spec).reference
    read_s = perf_counter() - start
    engine = as_on_device(SourceEngine(reference, f"PyTorch {torch.__version__.split('+')[0]}"), manifest)
    return engine, first_step(engine, tensors, read_s)


def _machine() -> str:
    return f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"
