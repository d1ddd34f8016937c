# what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")

from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings
from edge.counting.interval import Uncertainty
from engines.contract import InferenceFailed, Tensor
from export.evaluate import Question
from export.evaluation.asking import POOLED, ask_and_match, coverage_table
from export.evaluation.labelled_cells import LabelledCells
from export.metrics.matching import Labelled
from tests.export.test_evaluate import CENTRES, DIAMETER_PX, counter, question

EXACT = Uncertainty(0.01, 0.0, 0.0, 0.0, 0.0, 1.0, 1.0)


def placed(true: int = 5) -> Question:
    centres = np.array(CENTRES, float)
    cells = LabelledCells({CellClass.RBC: Labelled(centres, np.full(centres.shape, DIAMETER_PX))}, DIAMETER_PX)
    return replace(question({CellClass.RBC: true}), cells=cells)


def test_a_field_is_counted_and_its_cells_matched() -> None:
    asked = ask_and_match(placed(), counter())
    assert all(answer.counted == 5 for answer in asked.answers)
    assert asked.matched is not None
    assert asked.matched.by_class[CellClass.RBC].everywhere.f1 == 1.0
    assert asked.matched.diameter_error == 0.0
    assert asked.counted[CellClass.RBC].tally.count == 5


def test_without_places_there_is_nothing_to_match() -> None:
    assert ask_and_match(question({CellClass.RBC: 5}), counter()).matched is None


def test_a_field_that_fails_missed_every_cell_and_is_covered_by_nothing() -> None:
    def fails(tensor: Tensor) -> Tensor:
        raise InferenceFailed("no answer")

    asked = ask_and_match(placed(), counter(fails, CountingSettings(cell_diameter_px=DIAMETER_PX)))
    assert [answer.counted for answer in asked.answers] == [None]
    assert asked.matched is not None
    assert asked.matched.by_class[CellClass.RBC].everywhere.recall == 0.0
    assert asked.counted == {}


def test_coverage_by_set_and_pooled() -> None:
    known = counter()
    asked = [ask_and_match(placed(5), known), ask_and_match(placed(9), known)]
    rows = coverage_table(asked, {CellClass.RBC: EXACT})
    assert [(row.corpus, row.split, row.fields, row.covered) for row in rows] == [
        ("chula", "test", 2, 0.5), (POOLED, "test", 2, 0.5),
    ]  # fmt: skip
    assert coverage_table(asked, {}) == [], "a model that knows nothing of its errors is asked for none"
