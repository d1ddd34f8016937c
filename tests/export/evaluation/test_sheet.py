from __future__ import annotations

from math import nan
from pathlib import Path

import pytest
from rich.console import Console

from export.evaluation.sheet import Sheet, write_sheets

SHEET = Sheet(
    "Maps against masks!", ("figure", "field", "ms"), (("IoU", 0.91234, 12.3), ("AUC", nan, None), ("cells", 7, 1.0)),
    digits=3, column_digits={"ms": 0}, note="Means over fields.",
)  # fmt: skip


def test_in_markdown() -> None:
    assert SHEET.markdown().splitlines() == [
        "| figure | field | ms |", "|---|---|---|", "| IoU | 0.912 | 12 |", "| AUC | – | – |", "| cells | 7 | 1 |", "",
        "Means over fields.",
    ]  # fmt: skip


def test_in_csv_floats_are_whole_and_what_has_no_value_is_empty() -> None:
    assert SHEET.csv().splitlines() == ["figure,field,ms", "IoU,0.91234,12.3", "AUC,,", "cells,7,1.0"]


def test_in_the_terminal() -> None:
    console = Console(width=60)
    with console.capture() as captured:
        SHEET.print(console)
    shown = captured.get()
    assert "0.912" in shown
    assert "–" in shown
    assert "Means over fields." in shown


def printed(sheet: Sheet, width: int) -> list[list[str]]:
    console = Console(width=width)
    with console.capture() as captured:
        sheet.print(console)
    return [line.split() for line in captured.get().splitlines()]


WIDE = Sheet(
    "Networks", ("network", *(f"figure{index}" for index in range(12))),
    (("unet", *map(float, range(12))), ("field of view", *map(float, range(12)))), digits=4,
)  # fmt: skip


def test_a_table_that_is_too_wide_comes_in_parts_and_no_figure_is_cut() -> None:
    assert printed(WIDE, 200)[1] == list(WIDE.columns)
    lines = printed(WIDE, 60)
    assert lines[1] == ["network", "figure0", "figure1", "figure2", "figure3", "figure4"]
    assert ["unet", *(f"{float(index)!s}000" for index in range(5))] in lines
    assert ["unet", *(f"{float(index)!s}000" for index in range(10, 12))] in lines
    assert not any("…" in word for line in lines for word in line)


@pytest.mark.parametrize("width", [20, 40, 77, 300])
def test_each_part_fits_and_together_they_are_the_table(width: int) -> None:
    parts = WIDE.parts(width)
    assert [name for part in parts for name in part.columns[1:]] == list(WIDE.columns[1:])
    assert all(part.columns[0] == "network" and part.rows[0][0] == "unet" for part in parts)
    console = Console(width=width)
    assert all(console.measure(part.table()).maximum <= max(width, 24) for part in parts)


def test_files_are_named_by_their_titles(tmp_path: Path) -> None:
    (path,) = write_sheets([SHEET], tmp_path / "new")
    assert path == tmp_path / "new" / "maps-against-masks.csv"
    assert path.read_text(encoding="utf-8") == SHEET.csv()


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 values under 2 columns"):
        Sheet("t", ("a", "b"), (("x",),))
