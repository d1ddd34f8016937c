from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cells.differential import NOT_WHITE, UNSURE, Differential
from edge.counting.cell import CellType

NAMES = ["segmented neutrophil", "band neutrophil", "lymphocyte", "immature granulocyte", UNSURE, *NOT_WHITE]


def test_the_rows_are_shares_of_the_white_cells() -> None:
    found = Differential({"segmented neutrophil": 60, "lymphocyte": 30, UNSURE: 10, "erythroblast": 4, "platelet": 9})
    assert found.white == 100
    assert [(row.name, row.cells, row.share) for row in found.rows] == [
        ("segmented neutrophil", 60, 0.6), ("lymphocyte", 30, 0.3), (UNSURE, 10, 0.1),
    ]  # fmt: skip
    assert (round(found.rows[2].low, 3), round(found.rows[2].high, 3)) == (0.049, 0.176)
    assert found.erythroblasts_per_100 == 4.0


def test_left_shift_is_of_the_neutrophil_line_alone() -> None:
    shift = Differential(
        {"segmented neutrophil": 6, "band neutrophil": 2, "immature granulocyte": 2, "monocyte": 50}
    ).left_shift
    assert shift is not None
    assert (shift.cells, shift.share) == (4, 0.4)
    assert Differential({"monocyte": 3}).left_shift is None


def test_a_person_is_asked_for_what_cannot_be_named_and_for_immature_cells() -> None:
    assert Differential({"lymphocyte": 90, UNSURE: 10}).asks == []
    assert Differential({"lymphocyte": 89, UNSURE: 11}).asks == ["11 of 100 white cells could not be named"]
    assert Differential({"lymphocyte": 99, "immature granulocyte": 1}).asks == ["1 immature cell"]
    assert Differential({"lymphocyte": 9, "erythroblast": 2}).asks == ["2 immature cells"]


def test_of_no_white_cell_nothing_is_known() -> None:
    found = Differential({"platelet": 3})
    assert (found.white, found.rows, found.left_shift, found.erythroblasts_per_100, found.asks) == (0, [], None, None, [])


@given(st.lists(st.sampled_from(NAMES)))
def test_shares_add_up_whatever_was_seen(names: list[str]) -> None:
    found = Differential.of(CellType(None if name == UNSURE else name, 0.9) for name in names)
    assert sum(row.cells for row in found.rows) == found.white
    assert sum(row.share for row in found.rows) == pytest.approx(1.0 if found.white else 0.0)
    assert all(row.low <= row.share <= row.high for row in found.rows)
