"""The other forms of a model's FP32 file: made, held against it, and put beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from engines.acceptance import reference_frames
from engines.contract import Engine
from engines.manifest import Manifest, Precision, checked_bytes
from engines.onnxrt import OnnxRuntime
from engines.tiling import over_fields
from export.frames import RENDERED, frames, network_inputs
from export.half_rounding import rounded
from export.model_folder import AnyManifest, add_form, require_place
from export.parity import QUANTISED, SAME, Gate, Parity, parity
from export.steady import steady_counts, steady_pieces
from export.timing import median_ms
from export.to_half import to_half
from export.to_int8 import Int8Error, Int8For, to_int8

Tensors = Sequence[NDArray[np.uint8]]


@dataclass(frozen=True, slots=True)
class Pictures:
    """What forms are compared on: at most `most` of `folder`, whose red cells have `cell_diameter_px` (measured in each if
    None); without a folder the model's sealed frames, or rendered ones where it has none."""

    folder: Path | None = None
    most: int = RENDERED
    cell_diameter_px: float | None = None


@dataclass(frozen=True, slots=True)
class Added:
    """A form that was put into a model's folder. Times are of one frame on this CPU, None where the form is not for it."""

    path: Path
    file_bytes: int
    fp32_bytes: int
    parity: Parity
    ms: float | None = None
    fp32_ms: float | None = None


def on_cpu(content: bytes, name: str, manifest: AnyManifest, threads: int | None = None) -> Engine:
    """A form of a model at work as the device runs it. Raises ModelCorrupt."""
    return as_on_device(OnnxRuntime(content, name, threads), manifest)


def as_on_device(engine: Engine, manifest: AnyManifest) -> Engine:
    """An engine that takes whole prepared frames: in squares where the manifest says so. Raises ModelCorrupt."""
    return over_fields(engine, manifest) if isinstance(manifest, Manifest) else engine


def add_half(folder: Path, manifest: AnyManifest, tensors: Tensors, *, replace: bool = False) -> Added:
    """FP16 of the model's FP32 file. Nothing is written where it does not say the same on `tensors`.

    It is run as a GPU computes it (export.half_rounding); the order of sums within a layer is left to acceptance on the
    device. Raises ConversionError, EngineError.
    """
    require_place(folder, manifest, "fp16", replace=replace)
    fp32 = _fp32(folder, manifest)
    half = to_half(fp32)
    reference = on_cpu(fp32, str(folder), manifest)
    found = parity(on_cpu(rounded(half), "FP16", manifest).run, reference.run, tensors, manifest)
    return _add(folder, manifest, "fp16", (fp32, half), found, SAME, replace=replace)


def add_int8(folder: Path, manifest: AnyManifest, target: Int8For, tensors: Tensors, *, replace: bool = False) -> Added:
    """int8 of the model's FP32 file for `target`, calibrated on three quarters of `tensors` and measured on the others.

    Raises ConversionError, EngineError; nothing is then written.
    """
    if len(tensors) < 2:
        raise Int8Error(f"{len(tensors)} frames are too few: one part calibrates, another measures; give at least 2")
    precision: Precision = "int8" if target is Int8For.CPU else "int8-symmetric"
    require_place(folder, manifest, precision, replace=replace)
    measured = tensors[::4]
    fp32 = _fp32(folder, manifest)
    others = (tensor for index, tensor in enumerate(tensors) if index % 4)
    int8 = to_int8(fp32, network_inputs(others, manifest), target=target)
    reference, quantised = on_cpu(fp32, str(folder), manifest), on_cpu(int8, "int8", manifest)
    found = parity(quantised.run, reference.run, measured, manifest)
    added = _add(folder, manifest, precision, (fp32, int8), found, QUANTISED, replace=replace)
    if target is not Int8For.CPU:
        return added
    ms, fp32_ms = median_ms(quantised.run, measured[0]), median_ms(reference.run, measured[0])
    return Added(added.path, added.file_bytes, added.fp32_bytes, added.parity, ms, fp32_ms)


def compared_on(folder: Path, manifest: AnyManifest, pictures: Pictures) -> tuple[Tensors, str]:
    """What a form of the model in `folder` is held against its FP32 file on, and that in words. Raises ConversionError,
    ModelCorrupt."""
    if pictures.folder is None and isinstance(manifest, Manifest) and manifest.reference is not None:
        sealed = reference_frames(folder, manifest)
        return sealed, f"{len(sealed)} sealed reference frames ({_sizes(sealed)})"
    found = list(frames(manifest, pictures.folder, pictures.most, pictures.cell_diameter_px))
    where = "rendered" if pictures.folder is None else f"of {pictures.folder}"
    what = "frames" if isinstance(manifest, Manifest) else "batches of crops"
    told = f"{len(found)} {what} {where} ({_sizes(found)})"
    more = telling(found, on_cpu(_fp32(folder, manifest), str(folder), manifest), manifest)
    if len(more) > len(found):
        told += f" and {len(more) - len(found)} pieces of them that rounding does not disturb ({_sizes(more[len(found) :])})"
    return more, told


def _sizes(tensors: Tensors) -> str:
    return ", ".join(sorted({f"{tensor.shape[2]}x{tensor.shape[1]}" for tensor in tensors})) + " px"


def telling(tensors: Tensors, reference: Engine, manifest: AnyManifest) -> Tensors:
    """`tensors`, with steady pieces of them where no whole one has steady counts."""
    if not isinstance(manifest, Manifest) or any(
        steady_counts(reference.run(tensor), manifest) is not None for tensor in tensors
    ):
        return tensors
    return [*tensors, *steady_pieces(tensors, reference.run, manifest)]


def _fp32(folder: Path, manifest: AnyManifest) -> bytes:
    return checked_bytes(folder, manifest.file_of("fp32"))


def _add(
    folder: Path,
    manifest: AnyManifest,
    precision: Precision,
    files: tuple[bytes, bytes],
    found: Parity,
    gate: Gate,
    *,
    replace: bool,
) -> Added:
    fp32, content = files
    found.require(f"the {precision} form of {folder}", gate)
    changed = add_form(folder, manifest, precision, content, replace=replace)
    return Added(folder / changed.file_of(precision).file, len(content), len(fp32), found)
