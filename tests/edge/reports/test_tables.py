from __future__ import annotations

import csv
from io import StringIO
from pathlib import Path

import pytest

from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from edge.reports.tables import CELL_COLUMNS, FIELD_COLUMNS, cell_rows, write_cells, write_fields
from tests.edge.record.store.samples import NOON, cell, cells, new_field, new_session


@pytest.fixture
def written(tmp_path: Path) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """The rows of a simulated session's two fields, and of its cells."""
    fields, by_cell = StringIO(newline=""), StringIO(newline="")
    with Store(tmp_path) as store:
        session = store.begin_session(new_session(simulated=True, specimen='=cmd|"/c calc"!A1', camera="-1+1, \n@x"))
        slide = store.begin_slide(session.id, "\t=1", NOON)
        some = [cell("rbc", 1.5, 2.5, 38.0, diameter_um=7.4, border=True), *cells({"wbc": 1})]
        store.commit_field(new_field(slide.id, 5, disagreement={"rbc": 0.25}), some, LedgerRecord(counted=1))
        store.commit_field(new_field(slide.id, 6, methods={"rbc": "hough"}), [], LedgerRecord(counted=2))
        write_fields(store, session.id, fields)
        write_cells(store, session.id[:13], by_cell)
    return (list(csv.DictReader(StringIO(fields.getvalue()))), list(csv.DictReader(StringIO(by_cell.getvalue()))))


def test_one_row_a_field(written: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
    first, second = written[0]
    assert tuple(first) == FIELD_COLUMNS
    assert [first[name] for name in ("slide", "field", "sequence", "rbc", "wbc", "plt")] == ["1", "1", "5", "1", "1", "0"]
    assert (first["method_rbc"], first["disagreement_rbc"], first["disagreement_wbc"]) == ("centres", "0.25", "")
    assert first["wall_time"] == "2026-11-20T11:53:07+00:00"
    assert (first["model"], first["model_sha256"], first["border_rule"]) == ("field", "ab" * 32, "all")
    assert [second[name] for name in ("rbc", "wbc", "plt", "focus")] == ["0", "", "", ""]  # not looked for is empty, not 0


def test_one_row_a_cell(written: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
    first, second = written[1]
    assert tuple(first) == CELL_COLUMNS
    said = [first[name] for name in ("class", "x", "y", "diameter_px", "diameter_um", "border", "field")]
    assert said == ["rbc", "1.5", "2.5", "38.0", "7.4", "1", "1"]
    assert (second["class"], second["diameter_um"], second["border"]) == ("wbc", "", "0")


def test_every_row_says_simulated_and_no_text_is_a_formula(written: tuple[list[dict[str, str]], list[dict[str, str]]]) -> None:
    for row in (*written[0], *written[1]):
        assert row["simulated"] == "1"
        assert row["specimen"] == '\'=cmd|"/c calc"!A1'
        assert row["slide_name"] == "'\t=1"
    assert written[0][0]["camera"] == "'-1+1, \n@x"


def test_a_whole_cell_has_a_shape_and_a_cut_one_has_none(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        found = [cell("rbc"), cell("rbc", border=True)]
        store.commit_field(new_field(slide.id, methods={"rbc": "centres"}), found, LedgerRecord(counted=1))
        whole, cut = cell_rows(store, store.session(session.id))
    assert 0.0 < float(str(whole["circularity"])) <= 1.0
    assert float(str(whole["elongation"])) >= 1.0
    assert (cut["circularity"], cut["elongation"]) == (None, None)
