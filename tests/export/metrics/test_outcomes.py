from __future__ import annotations

from math import isnan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from export.metrics.outcomes import Outcomes, ratio

counts = st.integers(0, 10**9)
any_outcomes = st.builds(Outcomes, counts, counts, counts, counts)
RATIOS = (
    "recall",
    "specificity",
    "accuracy",
    "precision",
    "iou",
    "f1",
    "dice",
    "false_positive_rate",
    "negative_predictive_value",
)


def test_the_papers_equations_by_hand() -> None:
    """Elsafty et al., equations 2 to 9, with TP 6, FP 2, FN 4, TN 8."""
    one = Outcomes(6, 2, 4, 8)
    assert (one.true, one.predicted, one.total) == (10, 8, 20)
    assert one.recall == pytest.approx(0.6)
    assert one.specificity == pytest.approx(0.8)
    assert one.accuracy == pytest.approx(0.7)
    assert one.precision == pytest.approx(0.75)
    assert one.iou == pytest.approx(0.5)
    assert one.f1 == pytest.approx(2 * 0.75 * 0.6 / (0.75 + 0.6))
    assert one.false_positive_rate == pytest.approx(0.2)
    assert one.negative_predictive_value == pytest.approx(8 / 12)
    assert one.tversky() == pytest.approx(6 / (6 + 0.7 * 4 + 0.3 * 2))


@given(any_outcomes)
def test_every_ratio_lies_between_0_and_1_or_has_no_value(one: Outcomes) -> None:
    for name in RATIOS:
        value = getattr(one, name)
        assert isnan(value) or 0.0 <= value <= 1.0, name
    assert isnan(one.tversky()) or 0.0 <= one.tversky() <= 1.0


@given(any_outcomes)
def test_f1_is_dice_iou_is_no_larger_and_each_follows_from_the_other(one: Outcomes) -> None:
    if isnan(one.iou):
        assert isnan(one.dice)
        assert isnan(one.f1)
        return
    assert one.f1 == one.dice
    assert one.iou <= one.dice
    assert one.dice == pytest.approx(2 * one.iou / (1 + one.iou))


@given(any_outcomes)
def test_tversky_holds_dice_and_iou(one: Outcomes) -> None:
    assert one.tversky(0.5, 0.5) == pytest.approx(one.dice, nan_ok=True)
    assert one.tversky(1.0, 1.0) == pytest.approx(one.iou, nan_ok=True)


@given(any_outcomes)
def test_true_and_found_change_places(one: Outcomes) -> None:
    other = Outcomes(one.true_positives, one.false_negatives, one.false_positives, one.true_negatives)
    for same in ("iou", "dice", "accuracy"):
        assert getattr(one, same) == pytest.approx(getattr(other, same), nan_ok=True)
    assert one.precision == pytest.approx(other.recall, nan_ok=True)
    assert one.specificity == pytest.approx(other.negative_predictive_value, nan_ok=True)


@given(any_outcomes)
def test_the_false_positive_rate_is_what_specificity_lacks(one: Outcomes) -> None:
    assert one.false_positive_rate == pytest.approx(1.0 - one.specificity, nan_ok=True)


@given(any_outcomes, any_outcomes)
def test_sums_are_of_all_pixels(one: Outcomes, other: Outcomes) -> None:
    assert (one + other).total == one.total + other.total
    assert (one + other).true == one.true + other.true


@pytest.mark.parametrize(
    ("outcomes", "undefined"),
    [
        (Outcomes(0, 0, 0, 0), RATIOS),
        (Outcomes(0, 0, 0, 9), ("recall", "precision", "iou", "f1", "dice")),
        (Outcomes(9, 0, 0, 0), ("specificity", "false_positive_rate", "negative_predictive_value")),
        (Outcomes(0, 0, 5, 5), ("precision",)),
        (Outcomes(0, 5, 0, 5), ("recall",)),
    ],
)
def test_what_is_not_there_has_no_value_and_what_was_missed_is_0(outcomes: Outcomes, undefined: tuple[str, ...]) -> None:
    assert [name for name in RATIOS if isnan(getattr(outcomes, name))] == [name for name in RATIOS if name in undefined]
    if "f1" not in undefined:
        assert outcomes.f1 == (0.0 if outcomes.true_positives == 0 else 1.0)


def test_a_ratio_of_nothing() -> None:
    assert isnan(ratio(0, 0))
    assert ratio(1, 4) == 0.25
    assert ratio(0, 4) == 0.0
