"""The table of crop classifiers under one budget."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from engines.classifier import BATCH, opened
from engines.manifest import ClassifierManifest
from export.evaluation.classification import CropResult, classify, confusion_of
from export.evaluation.errors import EvaluationError
from export.evaluation.models import Tell
from export.evaluation.samples import chosen
from export.evaluation.sheet import Sheet, Value
from export.evaluation.trained import TrainedModel
from export.timing import median_ms
from export.training.recipes import ClassificationRecipe

RUNS = 9
NOTE = (
    "{corpus}, split {split}: {crops} crops, by which nothing was chosen. Means are over the classes that occur; a class's "
    "recall stands beside its number of crops. cells/s: batches of {batch} on onnxruntime's CPU provider, FP32, {threads} "
    "threads, median of {runs}."
)


@dataclass(frozen=True, slots=True, eq=False)
class MeasuredClassifier:
    """One classifier of the table: its model, what it said of every crop, and its speed."""

    model: TrainedModel
    manifest: ClassifierManifest
    results: tuple[CropResult, ...]
    cells_per_s: float


def measure_classifier(
    model: TrainedModel, data: Path, split: str, threads: int, tell: Tell, runs: int = RUNS
) -> MeasuredClassifier:
    """Run it over the crops of its recipe's own corpus, then time it alone.

    Raises EngineError, DatasetError, EvaluationError.
    """
    recipe, manifest = model.run.recipe, model.manifest
    if not isinstance(recipe, ClassificationRecipe) or not isinstance(manifest, ClassifierManifest):
        raise EvaluationError(f"{model.run.folder} names no single cells")
    samples = chosen(data, recipe.corpus, recipe.folder, (split,), recipe.ignore)
    results = []
    with opened(model.folder, manifest, threads) as classifier:
        for result in classify(samples, classifier):
            results.append(result)
            tell(model.title, len(results), len(samples))
        crops = np.random.default_rng(0).integers(0, 256, (BATCH, manifest.side_px, manifest.side_px, 3), dtype=np.uint8)
        ms = median_ms(classifier.probabilities, crops, runs)
    return MeasuredClassifier(model, manifest, tuple(results), 1000.0 * BATCH / ms)


def classifier_sheet(measured: Sequence[MeasuredClassifier], split: str, threads: int, runs: int = RUNS) -> Sheet:
    """A column a network, so that a class is a line. Raises EvaluationError where the networks name different classes."""
    classes = measured[0].manifest.classes
    if any(one.manifest.classes != classes for one in measured):
        raise EvaluationError("the classifiers of one table must name the same classes in one order")
    matrices = [confusion_of(one.results, classes) for one in measured]
    rows: list[tuple[Value, ...]] = [
        ("parameters", None, *(one.manifest.parameters for one in measured)),
        ("ONNX MB", None, *(round(one.model.file_bytes / 1e6, 1) for one in measured)),
        ("accuracy", None, *(matrix.accuracy for matrix in matrices)),
        ("macro F1", None, *(matrix.mean_f1 for matrix in matrices)),
        ("mean recall", None, *(matrix.mean_accuracy for matrix in matrices)),
        ("cells/s", None, *(round(one.cells_per_s) for one in measured)),
    ]
    rows += [
        (f"recall {name}", matrices[0].of(name).true, *(matrix.of(name).recall for matrix in matrices)) for name in classes
    ]
    recipe = measured[0].model.run.recipe
    note = NOTE.format(
        corpus=recipe.corpus, split=split, crops=len(measured[0].results), batch=BATCH, threads=threads, runs=runs
    )
    names = tuple(one.model.title for one in measured)
    return Sheet("Classifiers", ("figure", "crops", *names), tuple(rows), digits=3, note=note)
