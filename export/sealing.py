"""The reference frames that are sealed with a model: what every engine built of it must count as its FP32 file does."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

import numpy as np
from numpy.typing import NDArray

from engines.acceptance import open_reference
from engines.contract import Tensor
from engines.manifest import Manifest, Reference, load_manifest
from engines.prepare import prepare
from engines.tiling import over_fields
from engines.whole_file import write_whole
from export.conversion_error import ConversionError
from export.frames import DIAMETER_PX, bounded, rendered
from export.model_folder import write_manifest
from export.steady import steady_counts
from export.tell import Tell, silent

FRAMES = 4
SIZES_PX = ((400, 320), (352, 352), (320, 400), (448, 288))
"""Width and height of the fields that are prepared: several, so that an engine's sizes change under the test."""
LOOKED_AT = 60
LEAST_CELLS = 8
SEARCHED_S = 90.0
"""A network that has learnt little sees thousands of cells, and takes minutes a field: then the search ends here."""
FILE = "reference.npz"


Field = tuple[NDArray[np.uint8], Mapping[str, int]]
"""A prepared tensor and its counts."""


class SealingError(ConversionError):
    """No frames can be sealed; the message says why."""


@dataclass(frozen=True, slots=True)
class Sealed:
    """What was put beside the model: the counts of each frame, and the file's size."""

    path: Path
    counts: tuple[Mapping[str, int], ...]
    file_bytes: int


def seal(folder: Path, frames: int = FRAMES, tell: Tell = silent, searched_s: float = SEARCHED_S) -> Sealed:
    """Choose rendered fields, count them by the FP32 file on onnxruntime, and put them and the counts in the model's folder.

    Chosen are fields with red cells whose counts no disturbance by export.steady.NOISE_LOGIT changes, and among them, as far
    as there are, such with cells of every class. `tell` hears of each field that is tried. Raises SealingError where there are
    none, FolderError, ManifestInvalid, ModelCorrupt.
    """
    manifest = load_manifest(folder)
    with over_fields(open_reference(folder, manifest), manifest) as engine:
        chosen = _chosen(manifest, engine.run, frames, tell, searched_s)
    counts = tuple(found for _, found in chosen)
    packed = io.BytesIO()
    np.savez_compressed(packed, **{f"frame{index}": tensor for index, (tensor, _) in enumerate(chosen)})  # type: ignore[arg-type]
    content = packed.getvalue()
    # Never a manifest that names a file with another hash: one without comes between.
    write_manifest(folder, manifest.model_copy(update={"reference": None}))
    _write(folder / FILE, content)
    sha256 = hashlib.sha256(content).hexdigest()
    reference = Reference.model_validate({"file": FILE, "sha256": sha256, "counts": counts})
    write_manifest(folder, manifest.model_copy(update={"reference": reference}))
    return Sealed(folder / FILE, counts, len(content))


def _write(path: Path, content: bytes) -> None:
    try:
        write_whole(path, content)
        path.chmod(0o644)  # it was written as a temporary file, which its owner alone may read
    except OSError as error:
        raise SealingError(f"{path} cannot be written ({error.strerror})") from error


def _chosen(
    manifest: Manifest, run: Callable[[Tensor], Tensor], frames: int, tell: Tell, searched_s: float
) -> list[Field]:  # fmt: skip
    """The first fields that are fit, but that the first with each class is among them."""
    fit: list[Field] = []
    first: dict[str, int] = {}
    began_s, tried = monotonic(), 0
    for index in range(LOOKED_AT):
        if monotonic() - began_s > searched_s:
            break
        tell(f"looking for reference frames, {len(fit)} of {frames} found", index, LOOKED_AT)
        tried = index + 1
        width_px, height_px = SIZES_PX[index % len(SIZES_PX)]
        pixels = bounded(rendered(index)[0][:height_px, :width_px], manifest)
        tensor = prepare(pixels, DIAMETER_PX, manifest.preparing()).tensor
        counts = steady_counts(run(tensor), manifest)
        if counts is None or counts.get("rbc", LEAST_CELLS) < LEAST_CELLS or sum(counts.values()) < LEAST_CELLS:
            continue
        for kind, number in counts.items():
            if number:
                first.setdefault(kind, len(fit))
        fit.append((tensor, counts))
        if len(fit) >= frames and first.keys() == manifest.decoding.keys():
            break
    if len(fit) < frames:
        raise SealingError(
            f"only {len(fit)} of {tried} rendered fields have counts of {manifest.name} that a disturbance leaves as they "
            f"are, {frames} are needed; look at what it counts: hemocam bench accuracy --model"
        )
    places = sorted({*first.values()})[:frames]
    places += [place for place in range(len(fit)) if place not in places][: frames - len(places)]
    return [fit[place] for place in sorted(places)]
