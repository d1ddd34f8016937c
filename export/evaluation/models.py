"""Models measured on samples: opened, run over all of them, closed."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.logits import counts_of
from engines.classifier import open_classifier
from engines.manifest import ClassifierManifest, Manifest, load_any_manifest
from engines.model_names import model_folder
from engines.opening import Opened, Runtime, open_model
from export.datasets.sample import Sample
from export.evaluation.classification import CropResult, classify
from export.evaluation.errors import EvaluationError
from export.evaluation.segmentation import MASKS, FieldResult, measure

Tell = Callable[[str, int, int], None]
"""Told after each field: the model's name, how many are done, how many there are."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What to measure by. `cell_diameter_px` as in the pictures, None to estimate it on each as the device does; `note` hears
    where another runtime had to be taken than the one that was asked for."""

    samples: Sequence[Sample]
    cell_diameter_px: float | None = None
    runtime: Runtime = Runtime.CPU
    threads: int | None = None
    note: Callable[[str], None] | None = None


def manifests(models: Sequence[str]) -> list[Manifest] | list[ClassifierManifest]:
    """The manifests of models that can be compared. Raises EngineError, or EvaluationError where they cannot."""
    found = [load_any_manifest(model_folder(model)) for model in models]
    fields = [manifest for manifest in found if isinstance(manifest, Manifest)]
    classifiers = [manifest for manifest in found if isinstance(manifest, ClassifierManifest)]
    if fields and classifiers:
        raise EvaluationError(f"{fields[0].name} sees fields, {classifiers[0].name} names single cells: measure each alone")
    if any(manifest.classes != classifiers[0].classes for manifest in classifiers):
        raise EvaluationError("the classifiers name different classes, or in another order: measure each alone")
    return fields or classifiers


def titles(models: Sequence[str], found: Sequence[Manifest | ClassifierManifest]) -> list[str]:
    """What the tables call the models: their manifests' names, or what the user wrote where these are one and the same."""
    names = [manifest.name for manifest in found]
    written = [Path(model).name for model in models]
    for choice in (names, written):
        if len(set(choice)) == len(choice):
            return choice
    return list(models) if len(set(models)) == len(models) else [f"{name} ({i + 1})" for i, name in enumerate(names)]


def measure_fields(title: str, opened: Opened, asked: Asked, tell: Tell) -> list[FieldResult]:
    """Run a field model over all samples that say anything of it. Raises DatasetError, EvaluationError."""
    channels = opened.manifest.channels
    told = [sample for sample in asked.samples if _says_something(sample, channels)]
    if not told:
        raise EvaluationError(f"none of these samples has a mask or a count of what {title} sees: {', '.join(channels)}")
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings(cell_diameter_px=asked.cell_diameter_px))
    results = []
    with opened.engine:
        for result in measure(told, counter, channels):
            results.append(result)
            tell(title, len(results), len(told))
    return results


def measure_model(title: str, model: str, asked: Asked, tell: Tell) -> list[FieldResult]:
    """As `measure_fields`, of a model's name or folder. Raises EngineError too."""
    opened = open_model(model, asked.runtime, asked.threads, counting=counts_of, tell=asked.note)
    return measure_fields(title, opened, asked, tell)


def measure_crops(title: str, model: str, asked: Asked, tell: Tell) -> list[CropResult]:
    """Run a classifier over all samples. Raises EngineError, DatasetError, EvaluationError."""
    if not isinstance(load_any_manifest(model_folder(model)), ClassifierManifest):
        raise EvaluationError(f"{title} sees fields; it names no single cells")
    if not asked.samples:
        raise EvaluationError(f"there are no crops to show to {title}")
    results = []
    with open_classifier(model, asked.threads) as classifier:
        for result in classify(asked.samples, classifier):
            results.append(result)
            tell(title, len(results), len(asked.samples))
    return results


def _says_something(sample: Sample, channels: Sequence[str]) -> bool:
    masks = any(channel in channels and mask in sample.masks for channel, mask in MASKS.items())
    return masks or any(kind.value in channels and kind.value in sample.counts for kind in CellClass)
