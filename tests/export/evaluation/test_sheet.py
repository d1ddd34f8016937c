from __future__ import annotations

from dataclasses import replace
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


def test_a_table_that_is_too_wide_is_turned_if_it_may_be() -> None:
    columns = ("network", *(f"figure{index}" for index in range(12)))
    wide = Sheet(
        "Networks", columns, (("unet", *map(float, range(12))), ("field", *map(float, range(12)))), digits=1, turns=True
    )
    assert printed(wide, 200)[1] == list(columns)
    assert printed(wide, 40)[1:3] == [["network", "unet", "field"], ["figure0", "0.0", "0.0"]]
    assert "figure0" not in printed(replace(wide, turns=False), 40)[1], "cut, as nobody said that it may turn"


def test_files_are_named_by_their_titles(tmp_path: Path) -> None:
    (path,) = write_sheets([SHEET], tmp_path / "new")
    assert path == tmp_path / "new" / "maps-against-masks.csv"
    assert path.read_text(encoding="utf-8") == SHEET.csv()


def test_a_row_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="a row of 1 values under 2 columns"):
        Sheet("t", ("a", "b"), (("x",),))
