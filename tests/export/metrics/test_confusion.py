from __future__ import annotations

from math import isnan

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.metrics.confusion import Confusion, Labels, confusion
from export.metrics.outcomes import mean

CLASSES = ("normal", "ovalocyte", "teardrop", "burr cell")
labels = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=60).map(
    lambda pairs: (np.array([a for a, _ in pairs]), np.array([b for _, b in pairs]))
)


def test_by_hand() -> None:
    """Of 4 normal cells 3 are named so, of 2 ovalocytes 1; nothing else is there."""
    found = confusion(np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 0, 1, 1, 0]), CLASSES[:2])
    assert found.matrix.tolist() == [[3, 1], [1, 1]]
    assert found.true.tolist() == [4, 2]
    assert found.predicted.tolist() == [4, 2]
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.mean_accuracy == pytest.approx((3 / 4 + 1 / 2) / 2)
    assert found.mean_iou == pytest.approx((3 / 5 + 1 / 3) / 2)
    assert found.weighted_iou == pytest.approx((4 * 3 / 5 + 2 * 1 / 3) / 6)
    assert found.mean_f1 == pytest.approx((3 / 4 + 1 / 2) / 2)


@settings(max_examples=60, deadline=None)
@given(labels)
def test_against_scikit_learn(pair: tuple[Labels, Labels]) -> None:
    reference = pytest.importorskip("sklearn.metrics", reason="pip install hemocam[export]")
    true, predicted = pair
    found = confusion(true, predicted, CLASSES)
    every = list(range(4))
    assert found.matrix.tolist() == reference.confusion_matrix(true, predicted, labels=every).tolist()
    assert found.accuracy == pytest.approx(reference.accuracy_score(true, predicted))
    occurring = sorted(set(true.tolist()))
    recalls = reference.recall_score(true, predicted, labels=occurring, average=None)
    assert found.mean_accuracy == pytest.approx(recalls.mean())
    named = sorted({*true.tolist(), *predicted.tolist()})
    assert found.mean_f1 == pytest.approx(reference.f1_score(true, predicted, labels=named, average="macro"))
    assert found.mean_iou == pytest.approx(reference.jaccard_score(true, predicted, labels=named, average="macro"))
    assert found.weighted_iou == pytest.approx(reference.jaccard_score(true, predicted, labels=named, average="weighted"))
    for index, name in enumerate(CLASSES):
        one = found.of(name)
        ((tn, fp), (fn, tp)) = reference.multilabel_confusion_matrix(true, predicted, labels=every)[index].tolist()
        assert (one.true_positives, one.false_positives, one.false_negatives, one.true_negatives) == (tp, fp, fn, tn)


@settings(max_examples=60, deadline=None)
@given(labels)
def test_the_order_of_the_classes_and_who_is_right_do_not_matter(pair: tuple[Labels, Labels]) -> None:
    true, predicted = pair
    found, swapped = confusion(true, predicted, CLASSES), confusion(predicted, true, CLASSES)
    turned = confusion(3 - true, 3 - predicted, CLASSES)
    for name in ("accuracy", "mean_iou", "mean_f1"):
        assert getattr(found, name) == pytest.approx(getattr(swapped, name))
        assert getattr(found, name) == pytest.approx(getattr(turned, name))
        assert 0.0 <= getattr(found, name) <= 1.0
    assert sum(one.true for one in found.outcomes()) == true.size


def test_only_what_is_known_counts() -> None:
    true, predicted = np.array([[0, 1], [1, 0]]), np.array([[0, 1], [0, 0]])
    known = np.array([[True, True], [False, True]])
    assert confusion(true, predicted, CLASSES[:2], known).accuracy == 1.0
    assert confusion(true, predicted, CLASSES[:2]).accuracy == 0.75


def test_sums_and_their_refusal() -> None:
    one = confusion(np.array([0]), np.array([1]), CLASSES[:2])
    assert (one + one).matrix.tolist() == [[0, 2], [0, 0]]
    with pytest.raises(ValueError, match="other classes"):
        one + confusion(np.array([0]), np.array([1]), CLASSES[1:3])


@pytest.mark.parametrize(("true", "predicted"), [([0, 4], [0, 1]), ([0, 1], [0, -1])])
def test_a_value_that_is_no_class_is_refused(true: list[int], predicted: list[int]) -> None:
    with pytest.raises(ValueError, match=r"outside 0\.\.3"):
        confusion(np.array(true), np.array(predicted), CLASSES)


def test_other_shapes_are_refused() -> None:
    with pytest.raises(ValueError, match="cannot be compared"):
        confusion(np.zeros(3, int), np.zeros(4, int), CLASSES)
    with pytest.raises(ValueError, match="confusion matrix of 4 classes"):
        Confusion(CLASSES, np.zeros((2, 2), np.int64))


def test_nothing_has_no_value() -> None:
    none = Confusion(CLASSES, np.zeros((4, 4), np.int64))
    for name in ("accuracy", "mean_accuracy", "mean_iou", "weighted_iou", "mean_f1"):
        assert isnan(getattr(none, name)), name
    assert isnan(mean([]))
    assert mean([1.0, float("nan"), 0.0]) == 0.5
