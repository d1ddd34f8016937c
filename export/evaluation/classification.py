"""A crop classifier on labelled crops: what it said of each, crop by crop."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.classifier import BATCH, Classifier
from engines.crop import Cropping, balanced, crop
from engines.manifest import ClassifierManifest
from engines.prepare import Pixels
from export.datasets.sample import Sample
from export.evaluation.errors import EvaluationError
from export.metrics.confusion import Confusion, confusion


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


def classify(samples: Sequence[Sample], classifier: Classifier) -> Iterator[CropResult]:
    """Each crop in turn, cut as the device would. Raises EvaluationError for a label that is none of its classes,
    DatasetError."""
    manifest = classifier.manifest
    known = {name: index for index, name in enumerate(manifest.classes)}
    strange = sorted({str(sample.label) for sample in samples} - known.keys())
    if strange:
        raise EvaluationError(
            f"{manifest.name} names {', '.join(manifest.classes)}; the data also has "
            f"{', '.join(strange)}: leave those out with --ignore"
        )
    remaining = iter(samples)
    while batch := list(islice(remaining, BATCH)):
        crops = np.stack([shown(sample, manifest) for sample in batch])
        for sample, row in zip(batch, classifier.probabilities(crops), strict=True):
            yield CropResult(sample.name, sample.group, sample.scanner, known[str(sample.label)], row)


def shown(sample: Sample, manifest: ClassifierManifest) -> Pixels:
    """A labelled crop as its classifier is to see it. Raises EvaluationError where the classifier's crops have a scale and the
    sample's is not known, DatasetError."""
    pixels = sample.pixels()
    if manifest.masked and "rbc" in sample.masks:
        pixels = np.where(sample.mask("rbc")[..., None], pixels, np.uint8(0))
    if manifest.diameters is None:
        return resized(pixels, manifest.side_px)
    if sample.diameter_px is None or not len(sample.points):
        raise EvaluationError(f"{manifest.name} is shown cells at their scale, and {sample.corpus} does not say its own")
    x, y = sample.points[0].tolist()
    return crop(balanced(pixels), x, y, sample.diameter_px, Cropping(manifest.side_px, manifest.diameters))


def resized(pixels: Pixels, side_px: int) -> Pixels:
    """A crop at the side that the classifier takes."""
    if pixels.shape[:2] == (side_px, side_px):
        return pixels
    way = cv2.INTER_AREA if side_px < max(pixels.shape[:2]) else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side_px, side_px), interpolation=way), np.uint8)


def confusion_of(results: Sequence[CropResult], classes: tuple[str, ...]) -> Confusion:
    true = np.array([one.true for one in results], np.int64)
    return confusion(true, np.array([one.predicted for one in results], np.int64), classes)
