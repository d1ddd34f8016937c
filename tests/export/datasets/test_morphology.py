from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.datasets.errors import DatasetError
from export.datasets.morphology import Change, change_in, findings_in, parse_morphology, read_morphology
from tests.export.datasets.paper_trees import SHORT_WORDS, WORDS


def test_the_paper_s_first_report() -> None:
    found = parse_morphology(WORDS, "001_a.txt")
    assert (found.test, found.specimen) == ("RBC Morphology", "Peripheral smear")
    assert found.red_cells.startswith("Peripheral smear shows microcytic hypochromic picture")
    assert found.findings == {"microcytic", "hypochromic", "anisocytosis", "target cells"}
    assert found.white_cells == "WBCs increased with lymphocytosis."
    assert (found.white_cell_count, found.platelet_count) == (Change.INCREASED, Change.INCREASED)
    assert found.other == ""


def test_the_paper_s_second_report() -> None:
    found = parse_morphology(SHORT_WORDS, "002_a.txt")
    assert found.findings == {"microcytic", "hypochromic", "polychromasia", "elliptocytes"}
    assert (found.white_cell_count, found.platelet_count) == (Change.DECREASED, Change.DECREASED)
    assert found.platelets == "Platelets reduced with no clumping."


@pytest.mark.parametrize(
    ("words", "findings"),
    [("Normocytic normochromic RBCs.", {"normocytic", "normochromic"}),
     ("No target cells seen. Few eliptocytes.", {"elliptocytes"}),
     ("Anisopoikilocytosis with tear drop cells", {"anisocytosis", "poikilocytosis", "teardrop cells"}),
     ("No schistocytes or spherocytes; microcytes present", {"microcytic"}), ("pencil cells", {"elliptocytes"}),
     ("Fragmented RBCs and nucleated RBCs", {"schistocytes", "nucleated red cells"}),
     ("macrocytic but without rouleaux", {"macrocytic"}),
     ("Not remarkable. Burr cells", {"burr cells"}), ("", set()), ("hypochromically", set())],
)  # fmt: skip
def test_findings(words: str, findings: set[str]) -> None:
    assert findings_in(words) == findings


@pytest.mark.parametrize(
    ("words", "change"),
    [("Adequate on smear", Change.NORMAL), ("normal in number", Change.NORMAL), ("Leukopenia", Change.DECREASED),
     ("raised", Change.INCREASED), ("clumped", Change.UNKNOWN), ("", Change.UNKNOWN),
     ("decreased, not increased", Change.DECREASED)],
)  # fmt: skip
def test_changes(words: str, change: Change) -> None:
    assert change_in(words) is change


def test_what_is_said_of_white_cells_is_no_finding_of_red_ones() -> None:
    found = parse_morphology("RBC: normocytic\nWBC: macrocytic\nComments: repeat\nPLT: adequate", "x")
    assert found.findings == {"normocytic"}
    assert found.platelet_count is Change.NORMAL


def test_a_report_without_red_cells_is_named(tmp_path: Path) -> None:
    (tmp_path / "001_a.txt").write_text("PLATELETS: adequate", encoding="utf-8")
    with pytest.raises(DatasetError, match=r"001_a\.txt has no part about red cells"):
        read_morphology(tmp_path / "001_a.txt")


PIECES = st.sampled_from([*WORDS.splitlines(), *SHORT_WORDS.splitlines(), "no", "RBC", ":", "Test:", "\n", "  "])


@settings(deadline=None)
@given(st.text() | st.lists(PIECES | st.text(max_size=8)).map("\n".join))
def test_any_text_is_a_report_or_an_error(text: str) -> None:
    try:
        found = parse_morphology(text, "some.txt")
    except DatasetError as error:
        assert "some.txt" in str(error)
    else:
        assert found.red_cells
        assert found.findings == findings_in(found.red_cells)
