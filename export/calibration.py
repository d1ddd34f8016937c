"""What a model knows of its own errors: intervals of its counts, and what it has learnt from looks like."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from math import sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.stats import binom

from edge.counting.cell import CellClass
from edge.counting.counter import FieldCounter
from edge.counting.errors import CountingError
from edge.counting.familiarity import features_of
from edge.counting.interval import Tally, Uncertainty, tally
from edge.counting.seen import Seen
from engines.contract import InferenceFailed
from engines.manifest import FamiliaritySection
from export.evaluate import Question, inside_margin

COVERED = 0.95
LEAST_CONSTANT = 0.05
"""Variance of a count of nothing, in cells: one false cell in some twenty fields."""
FAMILIAR = 0.99
"""Of the fields of `val`, which training never saw, this share must be familiar."""
SHRINKAGE = 0.05
"""Of the covariance towards its diagonal (Ledoit and Wolf, 2004, with a fixed weight): features that go together in all
training sets need not do so elsewhere."""
Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Counted:
    """One class of one labelled field: the count with what makes it doubtful, and the truth."""

    tally: Tally
    true: int


def counted_fields(asked: Iterable[Question], counter: FieldCounter) -> dict[CellClass, list[Counted]]:
    """Every field's counts beside its truth, by class; fields that cannot be counted are left out."""
    found: dict[CellClass, list[Counted]] = {kind: [] for kind in counter.methods}
    for question in asked:
        try:
            seen = counter.see(question.pixels())
        except (CountingError, InferenceFailed):
            continue
        for kind, counted in counted_classes(question, counter, seen).items():
            found[kind].append(counted)
    return found


def counted_classes(question: Question, counter: FieldCounter, seen: Seen) -> dict[CellClass, Counted]:
    """A field's counts beside its truth, by class, under its corpus' border rule."""
    found = {}
    for kind in question.true.keys() & counter.methods.keys():
        cells = [
            cell
            for cell in counter.cells(seen, kind, counter.methods[kind])
            if inside_margin(cell.x, cell.y, seen.width_px, seen.height_px, question.margin_px)
        ]
        diameter_px = counter.settings[kind].diameter_px(seen.scale.cell_diameter_px)
        found[kind] = Counted(tally(cells, diameter_px), question.true[kind])
    return found


def uncertainty(fields: Iterable[Counted]) -> Uncertainty:
    """The error model of one class: the variances of greatest likelihood under a normal error, then the factors with which a
    share COVERED of these fields' truths lies inside (split conformal prediction, Vovk 2005), half of the rest each side."""
    known = list(fields)
    count, border, unsure, crowded = (
        np.array([getattr(one.tally, name) for one in known], float) for name in ("count", "border", "unsure", "crowded")
    )
    error = np.array([one.true for one in known], float) - count
    variances = _variances(np.stack([np.ones_like(count), border, unsure, count**2, crowded**2], axis=1), error)
    constant, by_border, by_unsure, by_count, by_crowd = variances.tolist()
    fitted = Uncertainty(constant + LEAST_CONSTANT, by_border, by_unsure, sqrt(by_count), sqrt(by_crowd), 0.0, 0.0)
    deviations = np.array([fitted.deviation(one.tally) for one in known])
    below, above = (_tail(side * error / deviations) for side in (-1.0, 1.0))
    return Uncertainty(**{name: round(value, 4) for name, value in (asdict(fitted) | {"below": below, "above": above}).items()})


def _variances(terms: Floats, error: Floats) -> Floats:
    """Weights (terms,) >= 0 of `terms` (fields, terms) whose sum is the variance of `error` (fields,); a term that no field has
    gets none."""
    largest = terms.max(axis=0)
    scaled = terms / np.maximum(largest, 1e-9)

    def surprise(logarithms: Floats) -> float:
        variance = scaled @ np.exp(logarithms) + LEAST_CONSTANT
        return float(np.sum(np.log(variance) + error**2 / variance))

    starts = (np.full(terms.shape[1], start) for start in (-4.0, -1.0, 2.0))
    bounds = [(-12.0, 8.0)] * terms.shape[1]
    best = min(
        (minimize(surprise, start, method="L-BFGS-B", bounds=bounds) for start in starts), key=lambda one: float(one.fun)
    )
    return np.where(largest > 0, np.exp(best.x) / np.maximum(largest, 1e-9), 0.0)


def _tail(errors: Floats) -> float:
    """The value that all but half of 1 - COVERED of the errors stay below, for the next field too."""
    rank = min(1.0, (1.0 + COVERED) / 2.0 * (1.0 + 1.0 / len(errors)))
    return max(0.0, float(np.quantile(errors, rank, method="higher")))


def field_features(pictures: Iterable[NDArray[np.uint8]], counter: FieldCounter) -> Floats:
    """The features of every picture ((height, width, 3) uint8 RGB) that can be counted and has red cells: (n, features)."""
    return np.array(list(_features(pictures, counter)))


def _features(pictures: Iterable[NDArray[np.uint8]], counter: FieldCounter) -> Iterator[Floats]:
    for pixels in pictures:
        try:
            seen = counter.see(pixels)
        except (CountingError, InferenceFailed):
            continue
        features = features_of(seen.prepared.tensor, seen.maps, seen.prepared.margin_px)
        if features is not None:
            yield features


def familiarity(learnt: Floats, unseen: Floats) -> FamiliaritySection:
    """From the features of training fields and of `val`, each (n, features)."""
    mean, covariance = learnt.mean(axis=0), np.cov(learnt.T)
    covariance = (1.0 - SHRINKAGE) * covariance + SHRINKAGE * np.diag(np.diag(covariance)) + 1e-6 * np.eye(len(mean))
    precision = np.linalg.inv(covariance)
    away = unseen - mean
    distances = np.sqrt(np.einsum("ni,ij,nj->n", away, precision, away))
    rows = tuple(tuple(round(float(value), 3) for value in row) for row in precision)
    return FamiliaritySection(
        mean=tuple(round(float(value), 5) for value in mean), precision=rows,
        limit=round(float(np.quantile(distances, FAMILIAR, method="higher")), 2),
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class CoverageRow:
    """How often the truth of `fields` lies in the interval; between `least` and `most` it would, in 95 of 100 tables, if the
    interval holds 95 % of such fields (binomial). `half_width` is the median one, as a share of the count."""

    corpus: str
    split: str
    kind: CellClass
    fields: int
    covered: float
    least: float
    most: float
    half_width: float


def coverage(corpus: str, split: str, kind: CellClass, fields: Iterable[Counted], known: Uncertainty) -> CoverageRow:
    """The intervals of `known` against the truth of `fields`."""
    inside, widths = [], []
    for one in fields:
        found = known.interval(one.tally)
        inside.append(one.true in found)
        widths.append((found.high - found.low) / 2.0 / max(1, one.tally.count))
    number = len(inside)
    least, most = (float(end) / number for end in binom.interval(COVERED, number, COVERED))
    return CoverageRow(corpus, split, kind, number, float(np.mean(inside)), least, most, float(np.median(widths)))
