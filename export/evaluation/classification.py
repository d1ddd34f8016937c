"""A crop classifier on labelled crops: what it said of each, crop by crop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.contract import Engine, InferenceFailed, ManifestInvalid
from engines.manifest import ClassifierManifest, Precision, checked_bytes
from engines.onnxrt import OnnxRuntime
from engines.prepare import Pixels
from export.datasets.sample import Sample
from export.evaluation.errors import EvaluationError
from export.metrics.confusion import Confusion, confusion

BATCH = 64


@dataclass(frozen=True, slots=True, eq=False)
class CropResult:
    """What one crop is, as an index of the classifier's classes, and the (classes,) float32 probabilities it was given."""

    name: str
    group: str
    scanner: str
    true: int
    probabilities: NDArray[np.float32]

    @property
    def predicted(self) -> int:
        return int(self.probabilities.argmax())


def open_classifier(
    folder: Path, manifest: ClassifierManifest, threads: int | None = None, precision: Precision | None = None
) -> OnnxRuntime:
    """The manifest's default file, or that of `precision`, on onnxruntime's CPU provider. Raises EngineError."""
    file = manifest.file_of(precision)
    engine = OnnxRuntime(checked_bytes(folder, file), str(folder / file.file), threads)
    if (
        len(engine.input.shape) != 4
        or len(engine.output.shape) != 2
        or engine.output.shape[1] not in (None, len(manifest.classes))
    ):
        raise ManifestInvalid(
            f"{folder / file.file}: a classifier takes (batch, side, side, 3) and gives (batch, {len(manifest.classes)}), "
            f"this is {engine.input}, {engine.output}"
        )
    return engine


def classify(samples: Sequence[Sample], engine: Engine, manifest: ClassifierManifest) -> Iterator[CropResult]:
    """Each crop in turn, in batches of BATCH. Raises EvaluationError for a label that is none of its classes, DatasetError."""
    known = {name: index for index, name in enumerate(manifest.classes)}
    strange = sorted({str(sample.label) for sample in samples} - known.keys())
    if strange:
        raise EvaluationError(
            f"{manifest.name} names {', '.join(manifest.classes)}; the data also has "
            f"{', '.join(strange)}: leave those out with --ignore"
        )
    remaining = iter(samples)
    while batch := list(islice(remaining, BATCH)):
        crops = np.stack([resized(sample.pixels(), manifest.side_px) for sample in batch])
        for sample, row in zip(batch, probabilities(engine, crops), strict=True):
            yield CropResult(sample.name, sample.group, sample.scanner, known[str(sample.label)], row)


def probabilities(engine: Engine, crops: Pixels) -> NDArray[np.float32]:
    """(batch, classes) float32 softmax of the engine's logits. Raises InferenceFailed where those are not finite."""
    logits = np.asarray(engine.run(crops), np.float32)
    if not np.isfinite(logits).all():
        raise InferenceFailed("the model gave values that are not finite; these crops have no class")
    raised = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(raised / raised.sum(axis=1, keepdims=True), np.float32)


def resized(pixels: Pixels, side_px: int) -> Pixels:
    """A crop at the side that the classifier takes."""
    if pixels.shape[:2] == (side_px, side_px):
        return pixels
    way = cv2.INTER_AREA if side_px < max(pixels.shape[:2]) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side_px, side_px), interpolation=way), np.uint8)


def confusion_of(results: Sequence[CropResult], classes: tuple[str, ...]) -> Confusion:
    true = np.array([one.true for one in results], np.int64)
    return confusion(true, np.array([one.predicted for one in results], np.int64), classes)
