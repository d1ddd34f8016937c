"""The tables of field models: maps, counts, slides and scanners, and a test between two models."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from operator import add
from types import MappingProxyType

from edge.counting.cell import CellClass, Method
from export.evaluate import Answer
from export.evaluation.grouping import GROUPINGS, grouped, units
from export.evaluation.segmentation import MASKS, ChannelScore, FieldResult
from export.evaluation.sheet import Sheet, Value
from export.metrics import pixels
from export.metrics.outcomes import Outcomes, mean
from export.metrics.paired import paired_test

Results = Mapping[str, Sequence[FieldResult]]
"""Field results by the model's name; the same fields in the same order for every model."""

POOLED: Mapping[str, Callable[[Outcomes], float]] = MappingProxyType(
    {
        "accuracy, global": lambda o: o.accuracy,
        "accuracy, mean of classes": pixels.mean_accuracy,
        "IoU": lambda o: o.iou,
        "IoU, mean of classes": pixels.mean_iou,
        "IoU, weighted": pixels.weighted_iou,
        "Dice, F1": lambda o: o.dice,
        "Tversky (0.7 missed, 0.3 invented)": lambda o: o.tversky(),
        "precision, PPV": lambda o: o.precision,
        "recall, sensitivity": lambda o: o.recall,
        "specificity": lambda o: o.specificity,
        "NPV": lambda o: o.negative_predictive_value,
        "FPR": lambda o: o.false_positive_rate,
    }
)
"""Figures of all pixels together. Classes are the cell and its background."""
BY_FIELD: Mapping[str, Callable[[ChannelScore], float]] = MappingProxyType(
    {
        "IoU": lambda s: s.outcomes.iou,
        "Dice": lambda s: s.outcomes.dice,
        "boundary F1": lambda s: s.boundary_f1,
        "close boundary F1": lambda s: s.close_f1,
        "MSE": lambda s: s.squared_error,
    }
)
"""Figures of one field, whose mean over fields is told."""
PIXELS_NOTE = (
    "All pixels of all fields together, but for `field:` lines, which are means over fields. – has no value: nothing of the "
    "kind was there. Boundary F1 within 0.75 % of the diagonal (Csurka et al. 2013), the close one "
    "within 5 % of a red cell's diameter."
)
COUNTS_NOTE = (
    "Count accuracy 100 max(0, 1 - |counted - true| / true), mean over fields; a field that could not be seen scores 0 for "
    "every method."
)
PAIRED_NOTE = (
    "First minus second, one pair a slide where the corpus names slides, else a field; two-sided p. Where the same slide gave "
    "several fields without being named, p is too small."
)


def field_sheets(results: Results) -> list[Sheet]:
    """Every table that these results allow; `results` of two models are tested against each other too."""
    sheets = [unseen_sheet(results)] if any(one.failed for found in results.values() for one in found) else []
    sheets += [pixels_sheet(results)] if channels_of(results) else []
    sheets += [counts_sheet(results)] if _answers(results) else []
    sheets += [sheet for by in GROUPINGS if (sheet := grouped_sheet(results, by)) is not None]
    if len(results) == 2:
        sheets.append(paired_sheet(results))
    return sheets


def unseen_sheet(results: Results) -> Sheet:
    """The fields that a model could not see, and why."""
    rows = tuple((model, one.name, one.failed) for model, found in results.items() for one in found if one.failed)
    return Sheet("Fields not seen", ("model", "field", "why"), rows)


def channels_of(results: Results) -> list[str]:
    """The channels that any model has a score for."""
    found = {score.channel for group in results.values() for one in group for score in one.scores}
    return [channel for channel in MASKS if channel in found]


def pooled(results: Sequence[FieldResult], channel: str) -> Outcomes:
    """All fields' pixels of one channel together."""
    scores = [score.outcomes for one in results if (score := one.score(channel))]
    return reduce(add, scores, Outcomes(0, 0, 0, 0))


def field_mean(results: Sequence[FieldResult], channel: str, figure: str) -> float:
    """The mean over fields of one of BY_FIELD; nan where no field has it."""
    return mean([BY_FIELD[figure](score) for one in results if (score := one.score(channel))])


def area_under_roc(results: Sequence[FieldResult], channel: str) -> float:
    tallies = [score.tally for one in results if (score := one.score(channel))]
    return reduce(add, tallies).roc().area if tallies else float("nan")


def pixels_sheet(results: Results) -> Sheet:
    """A line a figure, a column a model and channel."""
    columns = [(model, channel) for channel in channels_of(results) for model in results]
    outcomes = [pooled(results[model], channel) for model, channel in columns]
    rows: list[tuple[Value, ...]] = [
        ("fields", *(sum(one.score(channel) is not None for one in results[model]) for model, channel in columns)),
        ("pixels, true", *(one.true for one in outcomes)),
        ("pixels, found", *(one.predicted for one in outcomes)),
        ("pixels of both", *(one.true_positives for one in outcomes)),
        ("pixels in all", *(one.total for one in outcomes)),
    ]
    rows += [(name, *(figure(one) for one in outcomes)) for name, figure in POOLED.items()]
    rows.append(("AUC", *(area_under_roc(results[model], channel) for model, channel in columns)))
    rows += [(f"field: {name}", *(field_mean(results[m], c, name) for m, c in columns)) for name in BY_FIELD]
    names = [f"{channel}, {model}" if len(results) > 1 else channel for model, channel in columns]
    return Sheet("Maps against masks", ("figure", *names), tuple(rows), note=PIXELS_NOTE)


def counts_sheet(results: Results) -> Sheet:
    """A line a class and method; count accuracy and total error of each model."""
    rows: list[tuple[Value, ...]] = []
    for kind in CellClass:
        for method in Method:
            groups = {model: _answers({model: found}, kind, method) for model, found in results.items()}
            if not any(groups.values()):
                continue
            own = ", ".join(model for model, group in groups.items() if any(one.default for one in group))
            row: list[Value] = [kind.value, method.value, own, max(map(len, groups.values()))]
            for group in groups.values():
                row += [count_accuracy(group), total_error(group)]
            rows.append(tuple(row))
    columns = ["class", "method", "the own one of", "fields"]
    for model in results:
        of = f", {model}" if len(results) > 1 else ""
        columns += [f"count accuracy %{of}", f"total error %{of}"]
    return Sheet("Counts", tuple(columns), tuple(rows), digits=1, note=COUNTS_NOTE)


def count_accuracy(answers: Sequence[Answer]) -> float:
    """Mean over fields, percent; nan without any."""
    return mean([one.accuracy for one in answers])


def total_error(answers: Sequence[Answer]) -> float:
    """(sum counted - sum true) / sum true, percent; nan where there is nothing to count."""
    true = sum(one.true for one in answers)
    return 100.0 * (sum(one.counted or 0 for one in answers) - true) / true if true else float("nan")


def default_accuracy(results: Sequence[FieldResult], kind: CellClass) -> float:
    """Count accuracy by the model's own method."""
    return count_accuracy([one for field in results for one in field.counts if one.kind is kind and one.default])


def grouped_sheet(results: Results, by: str) -> Sheet | None:
    """A line a slide or scanner and channel; None where the corpus does not tell them."""
    rows: list[tuple[Value, ...]] = []
    for model, found in results.items():
        for name, group in grouped(found, by).items():
            for channel in channels_of({model: group}):
                one = pooled(group, channel)
                counts = default_accuracy(group, CellClass(channel)) if channel in {k.value for k in CellClass} else None
                edges = field_mean(group, channel, "boundary F1")
                figures = (one.iou, one.dice, edges, one.recall, one.precision, counts)
                rows.append((name, model, channel, len(group), *figures))
    if not rows:
        return None
    columns = (by, "model", "channel", "fields", "IoU", "Dice", "boundary F1", "recall", "precision", "count accuracy %")
    return Sheet(f"By {by}", columns, tuple(sorted(rows, key=lambda row: (str(row[0]), str(row[2])))))


def paired_sheet(results: Results) -> Sheet:
    """Student's paired t-test of every figure that two models have on the same slides or fields."""
    (first, a), (second, b) = results.items()
    mine, theirs = units(a), units(b)
    shared = [name for name in mine if name in theirs]
    figures: dict[str, Callable[[Sequence[FieldResult]], float]] = {}
    for channel in channels_of(results):
        for name in BY_FIELD:
            figures[f"{channel} {name}"] = lambda group, channel=channel, name=name: field_mean(group, channel, name)  # type: ignore[misc]
    for kind in CellClass:
        if _answers(results, kind):
            figures[f"{kind.value} count accuracy %"] = lambda group, kind=kind: default_accuracy(group, kind)  # type: ignore[misc]
    rows: list[tuple[Value, ...]] = []
    for name, figure in figures.items():
        test = paired_test([figure(mine[unit]) for unit in shared], [figure(theirs[unit]) for unit in shared])
        if not test.pairs:
            continue
        rows.append((name, test.pairs, test.difference, test.low, test.high, test.t, test.p))
    columns = ("figure", "pairs", "difference", "95 % from", "to", "t", "p")
    return Sheet(f"{first} minus {second}", columns, tuple(rows), column_digits={"t": 2, "p": 6}, note=PAIRED_NOTE)


def _answers(results: Results, kind: CellClass | None = None, method: Method | None = None) -> list[Answer]:
    return [
        one
        for group in results.values()
        for field in group
        for one in field.counts
        if kind in (None, one.kind) and method in (None, one.method)
    ]
