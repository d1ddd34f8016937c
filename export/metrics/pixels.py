"""Masks and probability maps against the true mask."""

from __future__ import annotations

from math import nan

import numpy as np
from numpy.typing import NDArray

from export.metrics.outcomes import Outcomes, mean, ratio

Mask = NDArray[np.bool_]
Probabilities = NDArray[np.floating]


def compare(true: Mask, predicted: Mask, known: Mask | None = None) -> Outcomes:
    """Pixels of one class by how they were called; those outside `known` count on neither side.

    All are bool of one shape. Raises ValueError where they are not.
    """
    for mask in (true, predicted, *([] if known is None else [known])):
        if mask.dtype != np.bool_ or mask.shape != true.shape:
            raise ValueError(f"masks must be bool of one shape, not {mask.shape} {mask.dtype} beside {true.shape}")
    if known is not None:
        true, predicted = true[known], predicted[known]
    hit, truth, found = (int(np.count_nonzero(mask)) for mask in (true & predicted, true, predicted))
    return Outcomes(hit, found - hit, truth - hit, true.size - truth - found + hit)


def mean_iou(outcomes: Outcomes) -> float:
    """Mean IoU of a class and its background, as the papers print it for masks; nan parts are left out."""
    return mean((outcomes.iou, background(outcomes).iou))


def weighted_iou(outcomes: Outcomes) -> float:
    """IoU of a class and its background, weighted by their pixels."""
    behind = background(outcomes)
    parts = [(one.true, one.iou) for one in (outcomes, behind) if one.true]
    return sum(true * iou for true, iou in parts) / outcomes.total if parts else nan


def mean_accuracy(outcomes: Outcomes) -> float:
    """Mean of recall and specificity: the mean of the classes' accuracies for a class and its background."""
    return mean((outcomes.recall, outcomes.specificity))


def background(outcomes: Outcomes) -> Outcomes:
    """The same pixels seen from the background's side."""
    return Outcomes(outcomes.true_negatives, outcomes.false_negatives, outcomes.false_positives, outcomes.true_positives)


def mean_squared_error(true: Mask, probability: Probabilities, known: Mask | None = None) -> float:
    """Mean of (probability - mask)², 0..1; nan where no pixel is known. The loss of DCED-Net and of DO-U-Net's follow-up."""
    error = np.square(probability.astype(np.float64) - true)
    kept = error if known is None else error[known]
    return float(kept.mean()) if kept.size else nan


def soft_tversky(true: Mask, probability: Probabilities, missed: float = 0.7, invented: float = 0.3) -> float:
    """Tversky's index with probabilities in place of a mask, as the loss of that name has it; see Outcomes.tversky."""
    chance = probability.astype(np.float64)
    hit = float(chance[true].sum())
    return ratio(hit, hit + missed * float((1.0 - chance[true]).sum()) + invented * float(chance[~true].sum()))
