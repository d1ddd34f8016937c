"""Which thresholds and method count best on `val`: what a model's manifest says of decoding."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from edge.counting.cell import CellClass, ClassMaps, Method
from edge.counting.counter import FieldCounter
from edge.counting.methods import available, find
from edge.counting.settings import ClassSettings
from export.evaluate import Question, count_accuracy, inside_margin

GRID: Mapping[CellClass, Mapping[str, Sequence[float]]] = {
    CellClass.RBC: {
        "foreground_threshold": (0.4, 0.5),
        "centre_threshold": (0.25, 0.35, 0.45, 0.55, 0.65, 0.75),
        "merge_valley_ratio": (0.7, 0.85, 0.95),
        "min_separation_ratio": (0.3, 0.4),
    },
    CellClass.WBC: {
        "foreground_threshold": (0.4, 0.6),
        "centre_threshold": (0.25, 0.4, 0.55, 0.7),
        "min_area_ratio": (0.06, 0.12, 0.2),
        "min_separation_ratio": (0.35, 0.45, 0.55),
    },
    CellClass.PLT: {
        "foreground_threshold": (0.35, 0.5, 0.6, 0.7, 0.8, 0.88, 0.94, 0.97),
        "min_area_ratio": (0.1, 0.2, 0.35, 0.5),
        "min_separation_ratio": (0.6, 0.8),
    },
}


CARD = (
    "foreground_threshold", "outline_threshold", "centre_threshold", "min_area_ratio", "diameter_ratio", "min_separation_ratio",
    "merge_valley_ratio",
)  # fmt: skip
"""What a manifest says of a class' decoding, besides its method."""


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a field's tuning needs, kept without its pixels."""

    corpus: str
    maps: ClassMaps
    true: int
    zoom: float
    width_px: int
    height_px: int
    margin_px: float


@dataclass(frozen=True, slots=True)
class Choice:
    """A setting with its count accuracy on `val`: the mean over corpora, each the mean over its fields."""

    kind: CellClass
    method: Method
    settings: ClassSettings
    accuracy: float
    by_corpus: Mapping[str, float]

    def manifest(self) -> str:
        """The settings as the manifest's `decoding` has them."""
        return ", ".join(f"{name}: {getattr(self.settings, name):g}" for name in CARD)


def tune(asked: Iterable[Question], counter: FieldCounter, diameter_px: float) -> Iterator[Choice]:
    """The best settings of every class and method, best method first. `diameter_px` is the model's canonical diameter."""
    base = counter.settings
    fields: dict[CellClass, list[_Asked]] = {kind: [] for kind in base}
    for question in asked:
        pixels = question.pixels()
        seen = counter.see(pixels)
        for kind in question.true:
            fields[kind].append(
                _Asked(question.corpus, seen.maps[kind], question.true[kind], diameter_px / seen.scale.cell_diameter_px,
                       pixels.shape[1], pixels.shape[0], question.margin_px)
            )  # fmt: skip
    for kind, group in fields.items():
        best: list[Choice] = []
        for method in available(group[0].maps) if group else ():
            best.append(max(_tried(kind, method, group, base[kind], diameter_px), key=lambda choice: choice.accuracy))
        yield from sorted(best, key=lambda choice: -choice.accuracy)


def _tried(
    kind: CellClass, method: Method, group: Sequence[_Asked], base: ClassSettings, diameter_px: float
) -> Iterator[Choice]:
    grid = dict(GRID[kind])
    if method is not Method.CENTRES:
        grid.pop("centre_threshold", None)
    for values in product(*grid.values()):
        settings = replace(base, **dict(zip(grid, values, strict=True)))
        scores: dict[str, list[float]] = {}
        for one in group:
            counted = sum(
                inside_margin(
                    (region.x + 0.5) / one.zoom - 0.5,
                    (region.y + 0.5) / one.zoom - 0.5,
                    one.width_px,
                    one.height_px,
                    one.margin_px,
                )
                for region in find(method, one.maps, diameter_px, settings)
            )
            scores.setdefault(one.corpus, []).append(count_accuracy(counted, one.true))
        by_corpus = {corpus: float(np.mean(found)) for corpus, found in scores.items()}
        yield Choice(kind, method, settings, float(np.mean(list(by_corpus.values()))), by_corpus)
