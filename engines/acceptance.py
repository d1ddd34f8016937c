"""Whether an engine counts like its reference: the FP32 file on onnxruntime, over the frames that are sealed with the model."""

from __future__ import annotations

import io
import math
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter, ValidationError

from engines.contract import Engine, InferenceFailed, ModelCorrupt, Tensor
from engines.decode import label_logits
from engines.manifest import Manifest, Precision, Reference, checked_bytes
from engines.onnxrt import OnnxRuntime

Counting = Callable[[Tensor, Manifest], Mapping[str, int]]
"""Cells by class (`rbc`, `wbc`, `plt`) of one field's logits (1, channels, height, width): edge.counting.logits.counts_of.
Raises InferenceFailed where the logits are not finite."""


@dataclass(frozen=True, slots=True)
class Strictness:
    """What is asked: the least share of equal labels in percent, and how many cells more or fewer a frame may have of a class,
    as a share of its reference's, rounded up."""

    equal_percent: float
    cells_share: float = 0.0

    def allows(self, found: int, wanted: int) -> bool:
        return abs(found - wanted) <= math.ceil(self.cells_share * wanted)


SAME = Strictness(99.9)
"""Another runtime of the same network. Of an FP16 U-Net's labels 99.999 % are FP32's (../shared/tensorrt.md): an engine far
below counts these frames rightly by luck."""
QUANTISED = Strictness(99.0, 0.05)
"""An int8 file is another network: a cell at the edge of a decision goes the other way. Its accuracy has figures of its own
in the manifest; what is below this was calibrated wrongly or runs wrongly."""


def strictness_of(precision: Precision) -> Strictness:
    return QUANTISED if precision.startswith("int8") else SAME


@dataclass(frozen=True, slots=True)
class Acceptance:
    """What the test gave. Counts are one mapping a frame; `equal_percent` is the share of pixels and channels with the
    reference's label, `worst_logit` the largest difference; `reference_sha256` names the sealed frames, `at` is UTC."""

    passed: bool
    reason: str
    counts: tuple[dict[str, int], ...]
    reference_counts: tuple[dict[str, int], ...]
    equal_percent: float
    worst_logit: float
    reference_sha256: str
    at: str

    @property
    def text(self) -> str:
        """One line for a person and for every record."""
        if not self.passed:
            return f"refused: {self.reason}"
        frames = f"{len(self.counts)} reference frame{'s' * (len(self.counts) != 1)}"
        found, wanted = (sum(sum(one.values()) for one in counts) for counts in (self.counts, self.reference_counts))
        cells = f"{found} cells" if self.counts == self.reference_counts else f"{found} cells for {wanted}"
        # Rounded down: 100.000 stands for all of them.
        return f"accepted on {frames}: {cells}, {np.floor(self.equal_percent * 1000) / 1000:.3f} % equal labels"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def acceptance_from(stored: Mapping[str, Any] | None, reference: Reference | None) -> Acceptance | None:
    """A stored result if it is one, and of these sealed frames; else None, and the test is to be run again."""
    try:
        found = TypeAdapter(Acceptance).validate_python(stored)
    except ValidationError:
        return None
    return found if reference is not None and found.reference_sha256 == reference.sha256 else None


def reference_frames(folder: Path, manifest: Manifest) -> tuple[NDArray[np.uint8], ...]:
    """The sealed frames, (1, height, width, 3) uint8 each. Raises ModelCorrupt without them, or where they are not whole."""
    reference = manifest.reference
    if reference is None:
        raise ModelCorrupt(f"{folder} has no reference frames; seal some with: hemocam export seal {folder}")
    path = folder / reference.file
    content = checked_bytes(folder, reference)
    try:
        with np.load(io.BytesIO(content), allow_pickle=False) as archive:
            frames = tuple(np.asarray(archive[f"frame{index}"]) for index in range(len(reference.counts)))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise ModelCorrupt(f"{path} does not hold frame0 to frame{len(reference.counts) - 1}: {error}") from error
    for index, frame in enumerate(frames):
        if frame.dtype != np.uint8 or frame.ndim != 4 or frame.shape[0] != 1 or frame.shape[3] != 3:
            raise ModelCorrupt(f"{path}: frame{index} is {frame.shape} {frame.dtype}, not (1, height, width, 3) uint8")
    return frames


def open_reference(folder: Path, manifest: Manifest, threads: int | None = None) -> OnnxRuntime:
    """The engine that all others must count like. Raises ManifestInvalid, ModelCorrupt."""
    file = manifest.file_of("fp32")
    return OnnxRuntime(checked_bytes(folder, file), str(folder / file.file), threads)


def _otherwise(found: Mapping[str, int], wanted: Mapping[str, int], strictness: Strictness) -> Iterator[str]:
    """Each class that is counted otherwise than `strictness` allows, in words."""
    for kind in sorted({*found, *wanted}):
        if not strictness.allows(found.get(kind, 0), wanted.get(kind, 0)):
            yield f"{found.get(kind, 0)} {kind} instead of {wanted.get(kind, 0)}"


def accept(
    engine: Engine,
    reference: Engine,
    manifest: Manifest,
    frames: Sequence[NDArray[np.uint8]],
    counting: Counting,
    strictness: Strictness = SAME,
) -> Acceptance:
    """Run every frame through both and compare. An engine that fails on a frame is refused, not raised; where the reference
    itself fails InferenceFailed is raised. `manifest` must have a reference."""
    sealed = manifest.reference
    if sealed is None:
        raise ModelCorrupt(f"{manifest.name} has no reference frames; seal some with: hemocam export seal")
    limits = label_logits(manifest)
    counts: list[dict[str, int]] = []
    wanted: list[dict[str, int]] = []
    faults: list[str] = []
    same = labels = 0
    worst = 0.0
    for index, frame in enumerate(frames):
        # Copied: either engine may write over its output in its next run, and one may run on the other.
        expected = np.array(reference.run(frame), np.float32)
        wanted.append(dict(counting(expected, manifest)))
        if wanted[-1] != sealed.counts[index]:
            faults.append(f"onnxruntime itself counts frame {index} otherwise than when it was sealed")
        try:
            found = np.array(engine.run(frame), np.float32)
            if found.shape != expected.shape:
                raise InferenceFailed(f"it gives {found.shape} instead of {expected.shape}")
            counts.append(dict(counting(found, manifest)))
        except InferenceFailed as error:
            faults.append(f"frame {index}: {error}")
            break
        faults += [f"frame {index} has {said}" for said in _otherwise(counts[-1], wanted[-1], strictness)]
        same += int(np.count_nonzero((found > limits) == (expected > limits)))
        labels += expected.size
        worst = max(worst, float(np.abs(found - expected).max()))
    equal = 100.0 * same / labels if labels else 0.0
    if labels and not equal >= strictness.equal_percent:
        faults.append(f"{equal:.3f} % of the labels are the reference's, at least {strictness.equal_percent:g} % must be")
    reason = "; ".join(faults[:4]) + ("; …" if len(faults) > 4 else "")
    at = datetime.now(timezone.utc).isoformat(timespec="seconds")
    return Acceptance(not faults, reason, tuple(counts), tuple(wanted), equal, worst, sealed.sha256, at)
