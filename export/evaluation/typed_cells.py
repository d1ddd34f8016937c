"""How well cells are named: labelled crops as they are and as other microscopes might show them, and cells in whole fields."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from edge.cells.differential import Differential, types_of
from edge.counting.cell import CellClass
from edge.counting.errors import CountingError
from edge.counting.field_count import FieldCount
from engines.classifier import Classifier
from engines.contract import InferenceFailed
from engines.crop import Cropping, balanced, crop
from engines.manifest import ClassifierManifest
from engines.prepare import Pixels
from export.datasets import pbc
from export.datasets.sample import DatasetError, Sample
from export.evaluation.classification import shown
from export.training.augmentation import reimaged
from export.training.palettes import READERS, boxed_diameter_px, palettes

BY_EYE = Path(__file__).parents[1] / "datasets" / "named_by_eye.csv"
"""White cells of two other microscopes that a developer named by eye, no hematologist: to tune with, not to report as truth."""
REACH = 0.75
"""A white cell that was found lies within so many red cell diameters of the labelled place."""
SHIFTED_SEED = 7
BINS = 10


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """One cell: what it is called by who labelled it, and the (classes,) float32 probabilities, None where it was not found or
    not looked at."""

    true: str
    probabilities: NDArray[np.float32] | None


@dataclass(frozen=True, slots=True)
class TypeRow:
    """A line of the table; shares 0..1. `unsure` (and not found) is wrong in `accuracy` and `balanced`; `sure` is the share
    that is right of those that were named; `error` is the probabilities' expected calibration error (Guo et al., 2017)."""

    data: str
    split: str
    cells: int
    accuracy: float
    balanced: float
    unsure: float
    sure: float
    error: float


def type_row(data: str, split: str, found: Sequence[Named], manifest: ClassifierManifest) -> TypeRow:
    """Right is the group: a band neutrophil for a neutrophil. nan where there is nothing to say."""
    said = [None if one.probabilities is None else manifest.named(one.probabilities.tolist())[0] for one in found]
    groups = [manifest.group_of(one.true) for one in found]
    right = np.array([name is not None and manifest.group_of(name) == true for name, true in zip(said, groups, strict=True)])
    sure = np.array([name is not None for name in said])
    recalls = [right[[one == group for one in groups]].mean() for group in dict.fromkeys(groups)]
    return TypeRow(
        data, split, len(found), float(right.mean()), float(np.mean(recalls)), float(1.0 - sure.mean()),
        float(right[sure].mean()) if sure.any() else float("nan"), _calibration_error(found, groups, manifest),
    )  # fmt: skip


def _calibration_error(found: Sequence[Named], groups: Sequence[str], manifest: ClassifierManifest) -> float:
    """Mean over BINS bins of |share right - mean probability|, by cells; unsure ones are judged by their best."""
    always = manifest.model_copy(update={"unsure_below": 0.0})
    pairs = [
        (probability, manifest.group_of(str(name)) == true)
        for one, true in zip(found, groups, strict=True)
        if one.probabilities is not None
        for name, probability in [always.named(one.probabilities.tolist())]
    ]
    if not pairs:
        return float("nan")
    probability, right = np.array(pairs, np.float64).T
    bins = np.minimum((probability * BINS).astype(int), BINS - 1)
    return float(sum(abs(right[bins == b].sum() - probability[bins == b].sum()) for b in range(BINS)) / len(pairs))


def named_crops(samples: Sequence[Sample], classifier: Classifier) -> list[Named]:
    """Labelled crops as they are. Raises EvaluationError, DatasetError."""
    crops = np.stack([shown(sample, classifier.manifest) for sample in samples])
    return [
        Named(str(sample.label), row) for sample, row in zip(samples, classifier.probabilities(crops), strict=True)
    ]  # fmt: skip


def shifted_crops(samples: Sequence[Sample], classifier: Classifier, data: Path) -> list[Named]:
    """The same in the colours of other corpora's white cells, through other lenses and sensors: always the same ones. Raises
    EvaluationError, DatasetError."""
    rng = np.random.default_rng(SHIFTED_SEED)
    others = palettes(tuple(READERS), data, cropping_of(classifier.manifest))
    crops = np.stack([reimaged(rng, others.shown(rng, shown(sample, classifier.manifest))) for sample in samples])
    return [
        Named(str(sample.label), row) for sample, row in zip(samples, classifier.probabilities(crops), strict=True)
    ]  # fmt: skip


def cropping_of(manifest: ClassifierManifest) -> Cropping:
    return Cropping(manifest.side_px, manifest.diameters or 1.0, manifest.masked)


@dataclass(frozen=True, slots=True)
class NamedPlace:
    """A white cell in a field that somebody named."""

    sample: Sample
    x: float
    y: float
    type: str


def places_by_eye(data: Path) -> dict[str, list[NamedPlace]]:
    """By corpus. Raises DatasetError."""
    samples = {(name, sample.name): sample for name, read in READERS.items() for sample in read(data / name)}
    found: dict[str, list[NamedPlace]] = {}
    with BY_EYE.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            sample = samples.get((row["corpus"], row["image"]))
            if sample is None:
                raise DatasetError(f"{data / row['corpus']} has no picture {row['image']}, of which {BY_EYE.name} names a cell")
            found.setdefault(row["corpus"], []).append(NamedPlace(sample, float(row["x"]), float(row["y"]), row["type"]))
    return found


def places_named(places: Iterable[NamedPlace], classifier: Classifier) -> list[Named]:
    """Cut at the labelled places, at the scale of the labelled red cells."""
    places = list(places)
    crops = np.stack([_cut(place, cropping_of(classifier.manifest)) for place in places])
    return [Named(place.type, row) for place, row in zip(places, classifier.probabilities(crops), strict=True)]


def _cut(place: NamedPlace, cropping: Cropping) -> Pixels:
    diameter_px = boxed_diameter_px(place.sample)
    assert diameter_px is not None  # those that were named lie in fields of many red cells
    return crop(balanced(place.sample.pixels()), place.x, place.y, diameter_px, cropping)


Count = Callable[[Pixels], FieldCount]
"""Counts a field and names its cells."""


@dataclass(frozen=True, slots=True)
class WholeWay:
    """Of one microscope: cells that somebody named, how many of them were found as white cells, named at all, and named
    right; shares of `cells`, `balanced` the mean of the types' shares that are right, `sure` of those that were named."""

    data: str
    cells: int
    found: float
    named: float
    balanced: float
    sure: float


def whole_way(data: str, places: Sequence[NamedPlace], count: Count, group_of: Callable[[str], str]) -> WholeWay:
    """From the picture to the type. A field that cannot be counted has found nothing."""
    found: list[bool] = []
    said: list[str | None] = []
    for place in places:
        try:
            counted = count(place.sample.pixels())
        except (CountingError, InferenceFailed):
            found.append(False)
            said.append(None)
            continue
        near = [
            cell for cell in counted.cells
            if cell.cell_class is CellClass.WBC
            and np.hypot(cell.x - place.x, cell.y - place.y) < REACH * counted.scale.cell_diameter_px
        ]  # fmt: skip
        found.append(bool(near))
        said.append(next((cell.type.name for cell in near if cell.type is not None), None))
    right = np.array([name is not None and group_of(name) == place.type for name, place in zip(said, places, strict=True)])
    kinds = np.array([place.type for place in places])
    named = np.array([name is not None for name in said])
    return WholeWay(
        data, len(places), float(np.mean(found)), float(named.mean()),
        float(np.mean([right[kinds == kind].mean() for kind in np.unique(kinds)])),
        float(right[named].mean()) if named.any() else float("nan"),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Strangers:
    """White cells of kinds that nobody taught: how many `cells` were looked at in `fields`, the share that came out unsure, and
    the share that lies in fields whose differential asks for a person."""

    fields: int
    cells: int
    unsure: float
    asked: float


def strangers(samples: Sequence[Sample], count: Count) -> Strangers:
    """ALL-IDB1 is full of blasts, which are not among the types. Raises DatasetError."""
    cells = unsure = asked = fields = 0
    for sample in samples:
        try:
            types = types_of(count(sample.pixels()).cells)
        except (CountingError, InferenceFailed):
            continue
        fields += 1
        cells += len(types)
        unsure += sum(one.name is None for one in types)
        asked += len(types) if Differential.of(types).asks else 0
    return Strangers(fields, cells, unsure / max(1, cells), asked / max(1, cells))


def labelled(data: Path, split: str) -> list[Sample]:
    """PBC's crops of one split whose neutrophils have a kind. Raises DatasetError."""
    return [sample for sample in pbc.read(data / pbc.CORPUS) if sample.split == split and sample.label != "neutrophil"]
