from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.datasets.sample import DatasetError, Sample, read_rows, values_of
from tests.export.datasets.trees import mask, picture, text


def sample_of(path: Path, **known: object) -> Sample:
    return Sample("any", "train", "one", path, **known)  # type: ignore[arg-type]


def test_pixels_are_red_green_blue(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    pixels = sample_of(tmp_path / "one.png").pixels()
    assert pixels.shape == (48, 64, 3)
    assert pixels.dtype == np.uint8
    assert pixels[3, 3].tolist() == [250, 10, 10]
    assert pixels.flags.c_contiguous


def test_masks_are_bool(tmp_path: Path) -> None:
    picture(tmp_path / "one.png")
    mask(tmp_path / "rbc.png", [(20, 20, 8)])
    found = sample_of(tmp_path / "one.png", masks={"rbc": tmp_path / "rbc.png"}).mask("rbc")
    assert found.dtype == np.bool_
    assert found[20, 20]
    assert not found[5, 5]
    assert found.sum() == pytest.approx(np.pi * 8**2, rel=0.1)


@pytest.mark.parametrize("content", [None, b"", b"no picture"])
def test_a_picture_that_is_not_there_or_none_is_named(tmp_path: Path, content: bytes | None) -> None:
    path = tmp_path / "one.jpg"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(DatasetError, match=r"one\.jpg is missing or no picture"):
        sample_of(path).pixels()
    with pytest.raises(DatasetError, match=r"one\.jpg is missing or no picture"):
        sample_of(path, masks={"rbc": path}).mask("rbc")


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
