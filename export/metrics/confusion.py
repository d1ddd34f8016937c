"""The confusion matrix, and what is said of all classes at once."""

from __future__ import annotations

from dataclasses import dataclass
from math import nan

import numpy as np
from numpy.typing import NDArray

from export.metrics.outcomes import Outcomes, mean, ratio

Counts = NDArray[np.int64]
Labels = NDArray[np.integer]


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often each true class (row) was given each name (column). `matrix` is (classes, classes) int64."""

    classes: tuple[str, ...]
    matrix: Counts

    def __post_init__(self) -> None:
        if (
            self.matrix.shape != (len(self.classes), len(self.classes))
            or self.matrix.dtype != np.int64
            or (self.matrix < 0).any()
        ):
            raise ValueError(
                f"a confusion matrix of {len(self.classes)} classes is that many squared int64 counts, "
                f"not {self.matrix.shape} {self.matrix.dtype}"
            )

    def __add__(self, other: Confusion) -> Confusion:
        if other.classes != self.classes:
            raise ValueError(f"confusions of other classes cannot be added: {self.classes}, {other.classes}")
        return Confusion(self.classes, self.matrix + other.matrix)

    def of(self, name: str) -> Outcomes:
        """One class against all others. Raises ValueError for a class that is not there."""
        index = self.classes.index(name)
        hit = int(self.matrix[index, index])
        true, predicted = int(self.matrix[index].sum()), int(self.matrix[:, index].sum())
        return Outcomes(hit, predicted - hit, true - hit, int(self.matrix.sum()) - true - predicted + hit)

    def outcomes(self) -> tuple[Outcomes, ...]:
        return tuple(self.of(name) for name in self.classes)

    @property
    def true(self) -> Counts:
        """Pixels or samples by class, as labelled."""
        return np.asarray(self.matrix.sum(axis=1), np.int64)

    @property
    def predicted(self) -> Counts:
        """Pixels or samples by class, as named by the model."""
        return np.asarray(self.matrix.sum(axis=0), np.int64)

    @property
    def accuracy(self) -> float:
        """Global accuracy: the share that got its own name; nan where there is nothing."""
        return ratio(int(np.trace(self.matrix)), int(self.matrix.sum()))

    @property
    def mean_accuracy(self) -> float:
        """Mean over the classes that occur of the share of each that got its own name: balanced accuracy, macro recall."""
        return mean([one.recall for one in self.outcomes()])

    @property
    def mean_iou(self) -> float:
        """Mean over the classes that occur or were named."""
        return mean([one.iou for one in self.outcomes()])

    @property
    def weighted_iou(self) -> float:
        """IoU weighted by how often each class really occurs: frequency-weighted IoU (Long et al., CVPR 2015)."""
        total = int(self.matrix.sum())
        return sum(one.true / total * one.iou for one in self.outcomes() if one.true) if total else nan

    @property
    def mean_f1(self) -> float:
        """Macro F1: the mean over the classes that occur or were named."""
        return mean([one.f1 for one in self.outcomes()])


def confusion(true: Labels, predicted: Labels, classes: tuple[str, ...], known: NDArray[np.bool_] | None = None) -> Confusion:
    """The confusion of two integer arrays of one shape, whose values are indices of `classes`; only where `known`.

    Raises ValueError where shapes differ or a value is no class.
    """
    if true.shape != predicted.shape or (known is not None and known.shape != true.shape):
        raise ValueError(f"labels of {true.shape} cannot be compared with {predicted.shape}")
    rows, columns = (array[known] if known is not None else array.ravel() for array in (true, predicted))
    for name, values in (("labels", rows), ("predictions", columns)):
        if values.size and (int(values.min()) < 0 or int(values.max()) >= len(classes)):
            raise ValueError(f"{name} hold a value outside 0..{len(classes) - 1}")
    size = len(classes)
    # One pass over megapixels; scikit-learn's goes through a sort and a sparse matrix, and is the tests' reference.
    counts = np.bincount(rows.astype(np.int64) * size + columns.astype(np.int64), minlength=size * size)
    return Confusion(classes, counts.reshape(size, size).astype(np.int64))
