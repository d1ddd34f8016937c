"""ROC curves and the area under them, per class. scikit-learn computes both."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import auc, roc_curve

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

LEVELS = 1024
"""Steps of probability that a field's pixels are tallied in: a field of megapixels becomes two rows of numbers."""


@dataclass(frozen=True, slots=True, eq=False)
class Roc:
    """True against false positive rate, both rising from 0 to 1, and the area under that curve.

    Where one of the two kinds is missing there is no curve: empty arrays and an `area` of nan.
    """

    false_positive_rate: Floats
    true_positive_rate: Floats
    area: float


@dataclass(frozen=True, slots=True, eq=False)
class Tally:
    """How many pixels of each level of probability are not of the class (row 0) and are (row 1): (2, LEVELS) int64."""

    counts: NDArray[np.int64]

    def __add__(self, other: Tally) -> Tally:
        return Tally(self.counts + other.counts)

    def roc(self) -> Roc:
        levels = np.arange(LEVELS, dtype=np.float64)
        return roc(np.repeat([False, True], LEVELS), np.concatenate([levels, levels]), self.counts.ravel())


def tally(true: Mask, probability: NDArray[np.floating]) -> Tally:
    """Count a field's pixels by truth and probability (0..1, rounded to LEVELS steps).

    Raises ValueError where shapes differ.
    """
    if true.shape != probability.shape:
        raise ValueError(f"a mask of {true.shape} cannot be ranked by probabilities of {probability.shape}")
    level = np.clip(probability * np.float32(LEVELS - 1) + np.float32(0.5), 0, LEVELS - 1).astype(np.int64)
    counts = np.bincount((level + LEVELS * true).ravel(), minlength=2 * LEVELS)
    return Tally(counts.reshape(2, LEVELS).astype(np.int64))


def roc(true: Mask, score: NDArray[np.floating], weight: NDArray[np.int64] | None = None) -> Roc:
    """The curve of one class: `true` bool and `score` (higher is surer), both (n,), each counted `weight` times."""
    if weight is not None:
        true, score, weight = true[weight > 0], score[weight > 0], weight[weight > 0]
    if not true.any() or true.all():
        return Roc(np.zeros(0), np.zeros(0), nan)
    false_rate, true_rate, _ = roc_curve(true, score, sample_weight=weight)
    return Roc(false_rate, true_rate, float(auc(false_rate, true_rate)))


def rocs(true: NDArray[np.integer], probabilities: NDArray[np.floating]) -> tuple[Roc, ...]:
    """Each class against all others: `true` (n,) class indices, `probabilities` (n, classes)."""
    return tuple(roc(true == index, probabilities[:, index]) for index in range(probabilities.shape[1]))
