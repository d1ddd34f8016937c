from __future__ import annotations

import numpy as np
import pytest

from export.datasets.sample import DatasetError
from export.training.class_weights import class_weights

LABELS = np.array([0] * 6 + [1] * 3 + [2] * 1, np.int64)
CLASSES = ("normal", "burr cell", "teardrop")


def test_equation_1_by_hand() -> None:
    """10 / (6 * 3), 10 / (3 * 3), 10 / (1 * 3)."""
    found = class_weights(LABELS, CLASSES, "balanced")
    assert found == pytest.approx([10 / 18, 10 / 9, 10 / 3])
    assert found.dtype == np.float32
    assert found[LABELS].mean() == pytest.approx(1.0), "the mean sample weighs what it did"


def test_other_kinds() -> None:
    assert class_weights(LABELS, CLASSES, "none").tolist() == [1, 1, 1]
    assert class_weights(LABELS, CLASSES, "root") == pytest.approx(np.sqrt([10 / 18, 10 / 9, 10 / 3]))


def test_a_class_without_a_sample_is_named() -> None:
    with pytest.raises(DatasetError, match="no sample to learn target cell from"):
        class_weights(LABELS, (*CLASSES, "target cell"), "balanced")
    assert class_weights(LABELS, (*CLASSES, "target cell"), "none").tolist() == [1, 1, 1, 1]
