"""Tables, JSON lines, CSV and overlays of counted pictures."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console

from edge.commands.counting_output import CsvOutput, JsonOutput, OverlayOutput, TableOutput
from edge.counting.cell import CellClass, CellType, Method
from edge.loop.single_picture import CountedPicture
from edge.record.store.errors import StoreError
from tests.edge.drawn import drawn_logits, opened
from tests.edge.fields import ACCEPTED, DARK, SHAPE, cell, count_of, pixels_of

CELLS = (cell(), cell(x=80.0), cell(CellClass.PLT, x=120.0, diameter_px=7.0))
GOOD = CountedPicture(Path("day [1]/a.png"), pixels_of(1), ACCEPTED, count_of(CELLS), 0.375, {"infer": 12.4, "count": 3.0})
REFUSED = CountedPicture(Path("b.png"), pixels_of(1), DARK, None, None, {"gate": 1.0})


def table_of(*stills: CountedPicture) -> str:
    stream = io.StringIO()
    output = TableOutput(Console(file=stream, width=160))
    for still in stills:
        output.add(still)
    output.close()
    return stream.getvalue()


def row(text: str, word: str) -> list[str]:
    return next(line for line in text.splitlines() if word in line).split()


def test_the_table_has_a_row_a_picture_and_a_sum_of_those_counted() -> None:
    text = table_of(GOOD, REFUSED, replace(GOOD, path=Path("c.png")))
    assert row(text, "a.png")[2:9] == ["2", "0", "1", "20", "px", "=", "7.5"]
    assert "day [1]/a.png" in text  # brackets are no markup
    assert row(text, "b.png")[1:4] == ["–", "–", "–"]
    assert "refused: black" in text
    assert row(text, "2 pictures")[2:5] == ["4", "0", "2"]
    assert "not a diagnostic device" in text


def test_what_all_paths_share_is_said_once() -> None:
    text = table_of(*(replace(GOOD, path=Path(f"/a/very/long/way/{name}.png")) for name in ("one", "two")))
    assert text.splitlines()[0] == "in /a/very/long/way"
    assert row(text, "one.png")[0] == "one.png"


def test_a_picture_that_could_not_be_read_has_a_row_without_numbers(tmp_path: Path) -> None:
    stream, path = io.StringIO(), Path("gone.png")
    as_json = JsonOutput(stream, opened(lambda tensor: drawn_logits([], tensor.shape, 1.0)))
    as_csv = CsvOutput(tmp_path / "counts.csv")
    for output in (as_json, as_csv):
        output.add(GOOD)
        output.fail(path, "gone.png: truncated")
        output.close()
    good, failed = (json.loads(line) for line in stream.getvalue().splitlines())
    assert list(good) == list(failed)
    assert (failed["source"], failed["error"], failed["counts"]) == ("gone.png", "gone.png: truncated", None)
    assert good["error"] is None
    with (tmp_path / "counts.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert (rows[1]["source"], rows[1]["rbc"], rows[1]["accepted"], rows[1]["reason"]) == (
        "gone.png", "", "False", "gone.png: truncated",
    )  # fmt: skip
    assert None not in rows[1]
    assert None not in rows[1].values()


def test_methods_that_differ_much_are_worth_a_second_look() -> None:
    assert GOOD.count is not None
    doubtful = replace(GOOD.count, by_method={CellClass.RBC: {Method.CENTRES: 2, Method.HOUGH: 12}})
    assert "look again: methods apart" in table_of(replace(GOOD, count=doubtful))
    assert "look again" not in table_of(GOOD)


def test_json_is_one_object_a_line() -> None:
    stream = io.StringIO()
    output = JsonOutput(stream, opened(lambda tensor: drawn_logits([], tensor.shape, 1.0)))
    for still in (GOOD, REFUSED):
        output.add(still)
    output.close()
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert first["counts"] == {"rbc": 2, "wbc": 0, "plt": 1}
    assert first["model"]["name"] == "drawn"
    assert second["counts"] is None


def typed(*names: str | None) -> CountedPicture:
    cells = tuple(replace(cell(CellClass.WBC, x=40.0 * n), type=CellType(name, 0.87654)) for n, name in enumerate(names))
    return replace(GOOD, count=replace(count_of((*cells, cell())), classifier="white-types 1 (int8)"))


def test_types_are_counted_over_all_pictures_with_their_exact_intervals() -> None:
    text = table_of(typed("lymphocyte", "lymphocyte", None), typed("erythroblast", "monocyte"), REFUSED)
    assert row(text, "lymphocyte  ")[1:] == ["2", "50.0%", "6.8%", "–", "93.2%"]
    assert row(text, "unsure  ")[1:3] == ["1", "25.0%"]
    assert "4 of 200 white cells; named by white-types 1 (int8)" in text
    assert "Not among them: 1 erythroblasts" in text
    assert "Blasts and reactive" in text
    assert "A person must look" in text
    assert "white cells by type" not in table_of(GOOD)


def test_json_has_each_cells_type_and_the_differential() -> None:
    stream = io.StringIO()
    output = JsonOutput(stream, opened(lambda tensor: drawn_logits([], tensor.shape, 1.0)))
    for still in (typed("lymphocyte", None), GOOD):
        output.add(still)
    first, second = (json.loads(line) for line in stream.getvalue().splitlines())
    assert [(one["type"], one["type_probability"]) for one in first["cells"]] == [
        ("lymphocyte", 0.8765), ("unsure", 0.8765), (None, None),
    ]  # fmt: skip
    assert first["classifier"] == "white-types 1 (int8)"
    assert first["differential"]["white_cells"] == 2
    assert first["differential"]["types"]["lymphocyte"] == {"cells": 1, "share": 0.5, "interval": [0.0126, 0.9874]}
    assert (second["classifier"], second["differential"]) == (None, None)


def test_csv_has_a_column_a_type_where_they_are_wanted(tmp_path: Path) -> None:
    output = CsvOutput(tmp_path / "counts.csv", ("lymphocyte", "monocyte"))
    output.add(typed("lymphocyte", None))
    output.add(REFUSED)
    output.fail(Path("gone.png"), "truncated")
    output.close()
    rows = list(csv.DictReader((tmp_path / "counts.csv").read_text(encoding="utf-8").splitlines()))
    assert [(one["lymphocyte"], one["monocyte"], one["unsure"]) for one in rows] == [
        ("1", "0", "1"),
        ("", "", ""),
        ("", "", ""),
    ]
    assert [one["accepted"] for one in rows] == ["True", "False", "False"]


def test_csv_leaves_what_is_unknown_empty(tmp_path: Path) -> None:
    path = tmp_path / "new" / "counts.csv"
    output = CsvOutput(path)
    for still in (GOOD, REFUSED):
        output.add(still)
    output.close()
    first, second = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
    assert (first["source"], first["rbc"], first["wbc"], first["plt"]) == ("day [1]/a.png", "2", "0", "1")
    assert (first["cell_diameter_px"], first["scale"], first["accepted"]) == ("20.00", "estimated", "True")
    assert (second["rbc"], second["wbc"], second["plt"], second["reason"]) == ("", "", "", "black")


def test_csv_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="file"):
        CsvOutput(tmp_path / "file" / "counts.csv")


def test_overlays_are_named_after_their_pictures_and_none_is_overwritten(tmp_path: Path) -> None:
    output = OverlayOutput(tmp_path / "out")
    for still in (GOOD, REFUSED, replace(GOOD, path=Path("other/a.jpg"))):
        output.add(still)
    output.close()
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == ["a-2.png", "a.png"]
    with Image.open(tmp_path / "out" / "a.png") as picture:
        assert picture.width % SHAPE[1] == 0
