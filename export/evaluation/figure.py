"""Pictures of an evaluation: confusion matrix, ROC curves, bars. Drawn without a display."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from math import isnan
from operator import add
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from export.evaluate import Answer
from export.evaluation import crop_sheets, field_sheets
from export.evaluation.classification import CropResult, confusion_of
from export.evaluation.segmentation import FieldResult
from export.metrics.confusion import Confusion
from export.metrics.outcomes import Outcomes
from export.metrics.ranking import Roc

INCH = 4.6
MOST_NAMED = 20
"""Classes above this number have no counts written into their squares."""


def field_figure(results: Mapping[str, Sequence[FieldResult]], path: Path) -> None:
    """For each model and channel the confusion of its pixels; all ROC curves; bars of the figures. Writes a PNG."""
    channels = field_sheets.channels_of(results)
    cases = [(model, channel) for model in results for channel in channels]
    counts = {model: _count_bars(found) for model, found in results.items()}
    figure, axes = _axes(len(cases) + (3 if any(counts.values()) else 2))
    for axis, (model, channel) in zip(axes, cases, strict=False):
        one = field_sheets.pooled(results[model], channel)
        _confusion(axis, binary(one, channel), f"{model}: pixels of {channel}")
    curves = {}
    for model, channel in cases:
        tallies = [score.tally for field in results[model] if (score := field.score(channel))]
        if tallies:
            curves[f"{model} {channel}"] = reduce(add, tallies).roc()
    _curves(axes[len(cases)], curves)
    _bars(axes[len(cases) + 1], {
        f"{model} {channel}": {name: field_sheets.field_mean(results[model], channel, name) for name in field_sheets.BY_FIELD}
        for model, channel in cases
    })  # fmt: skip
    if any(counts.values()):
        _bars(axes[len(cases) + 2], counts, "count accuracy")
    _write(figure, path)


def crop_figure(results: Mapping[str, Sequence[CropResult]], classes: tuple[str, ...], path: Path) -> None:
    """For each model its confusion and its ROC curves by class; bars of F1 by class. Writes a PNG."""
    figure, axes = _axes(2 * len(results) + 1)
    bars = {}
    for index, (model, found) in enumerate(results.items()):
        matrix = confusion_of(found, classes)
        _confusion(axes[2 * index], matrix, f"{model}: crops")
        _curves(axes[2 * index + 1], dict(zip(classes, crop_sheets.rocs_of(found), strict=True)))
        bars[model] = {name: matrix.of(name).f1 for name in classes}
    _bars(axes[-1], bars, "F1 by class")
    _write(figure, path)


def _count_bars(results: Sequence[FieldResult]) -> dict[str, float]:
    """Count accuracy, 0..1, by class and method."""
    answers: dict[str, list[Answer]] = {}
    for one in (one for field in results for one in field.counts):
        answers.setdefault(f"{one.kind.value} {one.method.value}", []).append(one)
    return {name: field_sheets.count_accuracy(found) / 100.0 for name, found in sorted(answers.items())}


def binary(one: Outcomes, channel: str) -> Confusion:
    """A class and its background as a confusion matrix."""
    counts = [[one.true_negatives, one.false_positives], [one.false_negatives, one.true_positives]]
    return Confusion(("background", channel), np.array(counts, np.int64))


def _axes(number: int) -> tuple[Figure, list[Any]]:
    columns = min(3, number)
    rows = -(-number // columns)
    figure = Figure(figsize=(INCH * columns, INCH * rows), layout="constrained")
    axes = list(figure.subplots(rows, columns, squeeze=False).ravel())
    for axis in axes[number:]:
        axis.set_axis_off()
    return figure, axes[:number]


def _confusion(axis: Any, confusion: Confusion, title: str) -> None:
    """Coloured by the share of the true class, so that rare classes are seen; the counts are written in."""
    of_true = confusion.matrix.sum(axis=1, keepdims=True)
    share = np.divide(confusion.matrix, of_true, out=np.zeros(confusion.matrix.shape), where=of_true > 0)
    axis.imshow(share, cmap="Blues", vmin=0.0, vmax=1.0)
    places = range(len(confusion.classes))
    axis.set_xticks(places, confusion.classes, rotation=90 if len(confusion.classes) > 3 else 0)
    axis.set_yticks(places, confusion.classes)
    axis.set(title=title, xlabel="found", ylabel="true")
    if len(confusion.classes) <= MOST_NAMED:
        size = 9 if len(confusion.classes) <= 4 else 5
        for (row, column), count in np.ndenumerate(confusion.matrix):
            colour = "white" if share[row, column] > 0.5 else "black"
            axis.text(column, row, f"{count}", ha="center", va="center", fontsize=size, color=colour)


def _curves(axis: Any, curves: Mapping[str, Roc]) -> None:
    for name, curve in curves.items():
        if not isnan(curve.area):
            axis.plot(curve.false_positive_rate, curve.true_positive_rate, label=f"{name} {curve.area:.3f}", linewidth=1.2)
    axis.plot([0, 1], [0, 1], color="grey", linewidth=0.6, linestyle="--")
    axis.set(title="ROC, with the area under it", xlabel="false positive rate", ylabel="true positive rate", aspect="equal")
    if axis.get_legend_handles_labels()[0]:
        axis.legend(fontsize=6, loc="lower right")


def _bars(axis: Any, bars: Mapping[str, Mapping[str, float]], title: str = "means over fields") -> None:
    wide = 0.8 / max(1, len(bars))
    for index, (model, figures) in enumerate(bars.items()):
        places = np.arange(len(figures)) + index * wide - 0.4 + wide / 2
        axis.bar(places, [0.0 if isnan(value) else value for value in figures.values()], wide, label=model)
        # A figure without a value has no bar: a bar of 0 would say that it is bad.
        for place, value in zip(places, figures.values(), strict=True):
            if isnan(value):
                axis.text(place, 0.01, "–", ha="center")
    names = list(next(iter(bars.values()), {}))
    axis.set_xticks(range(len(names)), names, rotation=90 if len(names) > 2 else 0)
    # Room for the names above the bars.
    axis.set(title=title, ylim=(0, 1.4), yticks=np.linspace(0, 1, 6))
    if bars:
        axis.legend(fontsize=6, loc="upper center", ncols=2)


def _write(figure: Figure, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=140)
