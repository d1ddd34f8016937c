from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets.errors import DatasetError
from export.datasets.tables import read_rows, values_of
from tests.export.datasets.trees import text


def test_rows(tmp_path: Path) -> None:
    text(tmp_path / "a.csv", "x,y,more", "1,2,3", "4,5,")
    assert read_rows(tmp_path / "a.csv", ("y", "x")) == [{"x": "1", "y": "2", "more": "3"}, {"x": "4", "y": "5", "more": ""}]


def test_every_missing_column_is_named(tmp_path: Path) -> None:
    text(tmp_path / "a.csv", "x,y", "1,2")
    with pytest.raises(DatasetError, match=r"a\.csv lacks the column type, image"):
        read_rows(tmp_path / "a.csv", ("x", "type", "image"))


def test_an_empty_table_lacks_its_columns(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"")
    with pytest.raises(DatasetError, match=r"a\.csv lacks the column x"):
        read_rows(tmp_path / "a.csv", ("x",))


def test_a_short_row_is_named(tmp_path: Path) -> None:
    text(tmp_path / "a.csv", "x,y", "1,2", "3")
    with pytest.raises(DatasetError, match=r"a\.csv has too few values in row 3"):
        read_rows(tmp_path / "a.csv", ("x", "y"))


def test_a_table_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"none\.csv cannot be read"):
        read_rows(tmp_path / "none.csv", ("x",))
    (tmp_path / "bytes.csv").write_bytes(b"x,y\n\xff\xfe,1\n")
    with pytest.raises(DatasetError, match=r"bytes\.csv cannot be read"):
        read_rows(tmp_path / "bytes.csv", ("x",))


@pytest.mark.parametrize("value", [lambda: int("x"), lambda: {}["Nuclei"]])
def test_a_wrong_value_names_the_table(value: object) -> None:
    with (
        pytest.raises(DatasetError, match=r"cells\.csv holds a value that does not belong there: .*(x|Nuclei)"),
        values_of(Path("cells.csv")),
    ):
        value()  # type: ignore[operator]
