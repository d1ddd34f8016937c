"""The tables of crop classifiers: all classes, each class, the confusion matrix, slides and scanners, a test between two."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from export.evaluation.classification import CropResult, confusion_of
from export.evaluation.grouping import GROUPINGS, grouped, units
from export.evaluation.sheet import Sheet, Value
from export.metrics.confusion import Confusion
from export.metrics.outcomes import mean
from export.metrics.paired import paired_test
from export.metrics.ranking import Roc, rocs

Results = Mapping[str, Sequence[CropResult]]
"""Crop results by the model's name."""

OVERALL: Mapping[str, Callable[[Confusion], float]] = MappingProxyType(
    {
        "accuracy": lambda c: c.accuracy,
        "accuracy, mean of classes": lambda c: c.mean_accuracy,
        "macro F1": lambda c: c.mean_f1,
        "IoU, mean of classes": lambda c: c.mean_iou,
        "IoU, weighted": lambda c: c.weighted_iou,
    }
)
CLASSES_NOTE = "Each class against all others (Elsafty et al., equations 2 to 9). – has no value: the class was not there."
PAIRED_NOTE = (
    "First minus second, one pair a slide; two-sided p. A slide's crops are not independent of each other, its figures are."
)


def crop_sheets(results: Results, classes: tuple[str, ...]) -> list[Sheet]:
    """Every table that these results allow."""
    sheets = [overall_sheet(results, classes)]
    for model, found in results.items():
        of = f" of {model}" if len(results) > 1 else ""
        sheets += [classes_sheet(found, classes, of), confusion_sheet(found, classes, of)]
    sheets += [sheet for by in GROUPINGS if (sheet := grouped_sheet(results, classes, by)) is not None]
    if len(results) == 2:
        sheets.append(paired_sheet(results, classes))
    return sheets


def rocs_of(results: Sequence[CropResult]) -> tuple[Roc, ...]:
    """One curve a class, against all others."""
    return rocs(np.array([one.true for one in results], np.int64), np.stack([one.probabilities for one in results]))


def overall_sheet(results: Results, classes: tuple[str, ...]) -> Sheet:
    matrices = {model: confusion_of(found, classes) for model, found in results.items()}
    rows: list[tuple[Value, ...]] = [("crops", *(len(found) for found in results.values()))]
    rows += [(name, *(figure(matrix) for matrix in matrices.values())) for name, figure in OVERALL.items()]
    rows.append(("AUC, mean of classes", *(mean([one.area for one in rocs_of(found)]) for found in results.values())))
    return Sheet("All classes", ("figure", *results), tuple(rows), note="Means are over the classes that occur.")


def classes_sheet(results: Sequence[CropResult], classes: tuple[str, ...], of: str = "") -> Sheet:
    matrix = confusion_of(results, classes)
    rows: list[tuple[Value, ...]] = []
    for name, curve in zip(classes, rocs_of(results), strict=True):
        one = matrix.of(name)
        figures = (one.recall, one.specificity, one.precision, one.negative_predictive_value, one.f1, one.accuracy)
        rows.append((name, one.true, one.predicted, *figures, one.false_positive_rate, one.iou, curve.area))
    columns = ("class", "true", "found", "SN", "SP", "PPV", "NPV", "F1", "ACC", "FPR", "IoU", "AUC")
    return Sheet(f"Each class{of}", columns, tuple(rows), digits=3, note=CLASSES_NOTE)


def confusion_sheet(results: Sequence[CropResult], classes: tuple[str, ...], of: str = "") -> Sheet:
    matrix = confusion_of(results, classes).matrix
    rows: list[tuple[Value, ...]] = [(name, *map(int, row)) for name, row in zip(classes, matrix, strict=True)]
    return Sheet(f"Confusion{of}", ("true, found as", *classes), tuple(rows))


def grouped_sheet(results: Results, classes: tuple[str, ...], by: str) -> Sheet | None:
    rows: list[tuple[Value, ...]] = []
    for model, found in results.items():
        for name, group in grouped(found, by).items():
            matrix = confusion_of(group, classes)
            rows.append((name, model, len(group), matrix.accuracy, matrix.mean_accuracy, matrix.mean_f1))
    columns = (by, "model", "crops", "accuracy", "accuracy, mean of classes", "macro F1")
    return Sheet(f"By {by}", columns, tuple(sorted(rows, key=lambda row: str(row[0])))) if rows else None


def paired_sheet(results: Results, classes: tuple[str, ...]) -> Sheet:
    (first, a), (second, b) = results.items()
    mine, theirs = units(a), units(b)
    shared = [name for name in mine if name in theirs]
    rows: list[tuple[Value, ...]] = []
    for name in ("accuracy", "macro F1"):
        figures = [[OVERALL[name](confusion_of(side[unit], classes)) for unit in shared] for side in (mine, theirs)]
        test = paired_test(*figures)
        rows.append((name, test.pairs, test.difference, test.low, test.high, test.t, test.p))
    columns = ("figure", "pairs", "difference", "95 % from", "to", "t", "p")
    return Sheet(f"{first} minus {second}", columns, tuple(rows), column_digits={"t": 2, "p": 6}, note=PAIRED_NOTE)
