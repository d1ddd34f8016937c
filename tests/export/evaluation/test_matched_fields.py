# what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")

from edge.counting.cell import Cell, CellClass
from export.evaluate import Question
from export.evaluation.labelled_cells import LabelledCells
from export.evaluation.match_picture import FALSE, MISSED, draw_matching
from export.evaluation.matched_fields import MatchedField, match_table, matched, worst
from export.metrics.matching import Labelled, Missed, Wrong
from tests.edge.fields import cell

DIAMETER = 20.0
SIZE = (200, 300)
RED = ((60.0, 60.0), (100.0, 100.0), (200.0, 150.0))


def labels(*red: tuple[float, float], white: tuple[tuple[float, float], ...] = ()) -> LabelledCells:
    def boxed(at: tuple[tuple[float, float], ...], size: float) -> Labelled:
        centres = np.array(at, float).reshape(-1, 2)
        return Labelled(centres, np.full(centres.shape, size))

    return LabelledCells({CellClass.RBC: boxed(red, DIAMETER), CellClass.WBC: boxed(white, 36.0)}, DIAMETER)


def field(found: tuple[tuple[float, float], ...], truth: LabelledCells, name: str = "one", scanner: str = "") -> MatchedField:
    question = Question("txl", "val", name, lambda: np.full((*SIZE, 3), 220, np.uint8), {}, cells=truth, scanner=scanner)
    cells: list[Cell] = [cell(x=x, y=y) for x, y in found]
    return matched(question, cells, SIZE, 22.0)


def test_a_table_has_a_row_a_class_and_microscope() -> None:
    fields = [field(RED, labels(*RED), scanner="pbc"), field(RED[:2], labels(*RED), scanner="raabin")]
    rows = {(row.split, row.kind): row for row in match_table(fields)}
    assert [split for split, kind in rows if kind is CellClass.RBC] == ["val", "val pbc", "val raabin"]
    both = rows["val", CellClass.RBC]
    assert (both.fields, both.cells, both.recall, both.precision) == (2, 6, pytest.approx(5 / 6), 1.0)
    assert both.low <= both.f1 <= both.high
    assert both.missed[Missed.ALONE] == 1
    assert rows["val pbc", CellClass.RBC].f1 == 1.0


def test_shares_are_of_all_cells_found() -> None:
    truth = labels(*RED, white=((150.0, 60.0),))
    (row, _) = match_table([field((*RED, (64.0, 60.0), (150.0, 66.0)), truth)])
    assert (row.double, row.in_white, row.debris, row.at_border) == (0.2, 0.2, 0.0, 0.0)


def test_red_cells_beside_a_white_one_are_looked_at_apart() -> None:
    truth = labels((170.0, 60.0), (180.0, 70.0), *RED, white=((150.0, 60.0),))
    assert field(((170.0, 60.0), *RED), truth).near_white == (2, 1)
    (row, _) = match_table([field(((170.0, 60.0), *RED), truth)])
    assert row.near_white == 0.5


def test_the_scale_is_compared_with_the_labels() -> None:
    assert field(RED, labels(*RED)).diameter_error == pytest.approx(0.1)


def test_the_worst_come_first() -> None:
    good, bad, half = field(RED, labels(*RED), "good"), field((), labels(*RED), "bad"), field(RED[:2], labels(*RED), "half")
    assert [one.question.name for one in worst([good, bad, half], 2)] == ["bad", "half"]


def test_a_picture_shows_what_is_false_and_what_was_missed() -> None:
    clean = draw_matching(field(RED, labels(*RED)))
    wrong = draw_matching(field((*RED[:2], (250.0, 60.0)), labels(*RED)))
    assert clean.shape == wrong.shape
    for colour in (FALSE, MISSED):
        assert not (clean == colour).all(axis=2).any()
        assert (wrong == colour).all(axis=2).any()


def test_a_field_that_could_not_be_counted_missed_everything() -> None:
    lost = field((), labels(*RED))
    assert lost.by_class[CellClass.RBC].tally.recall == 0.0
    assert sum(replace(lost).by_class[CellClass.RBC].everywhere.false[why] for why in Wrong) == 0
