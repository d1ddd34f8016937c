from __future__ import annotations

import logging
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from export.datasets import cbc
from export.datasets.errors import DatasetError
from export.datasets.pascal_voc import read_boxes
from export.datasets.sample import Box
from tests.export.datasets import paper_trees as trees

SIZE_PX = (64, 48)


def test_bccd(tmp_path: Path) -> None:
    found = cbc.read(trees.bccd(tmp_path))
    assert [(sample.name, sample.split) for sample in found] == [
        ("BloodImage_00000", "train"), ("BloodImage_00001", "test"), ("BloodImage_00010", "all"),
    ]  # fmt: skip
    assert found[0].boxes == (Box("wbc", 1, 2, 11, 12), Box("rbc", 20, 20, 30, 31), Box("plt", 40, 40, 64, 48))
    assert found[0].counts == {"wbc": 1, "plt": 1}, "half of the red cells have no box: they are not counted"
    assert found[0].pixels().shape == (48, 64, 3)
    assert len(cbc.read(tmp_path / "BCCD")) == 3


def test_the_set_as_published(tmp_path: Path) -> None:
    found = cbc.read(trees.published_cbc(tmp_path))
    assert [(sample.name, sample.split) for sample in found] == [
        ("BloodImage_00000", "train"), ("BloodImage_00301", "test"), ("BloodImage_00240", "val"),
    ]  # fmt: skip


def test_a_missing_annotation_is_named(tmp_path: Path) -> None:
    (trees.bccd(tmp_path) / "BCCD" / "Annotations" / "BloodImage_00001.xml").unlink()
    with pytest.raises(DatasetError, match=r"BloodImage_00001\.xml is missing or no Pascal VOC annotation"):
        cbc.read(tmp_path)


def test_a_listed_picture_that_is_not_there_is_named(tmp_path: Path) -> None:
    trees.text(trees.bccd(tmp_path) / "BCCD" / "ImageSets" / "Main" / "val.txt", "BloodImage_00404")
    with pytest.raises(DatasetError, match=r"ImageSets lists BloodImage_00404, of which"):
        cbc.read(tmp_path)


def test_a_picture_in_two_lists_is_named(tmp_path: Path) -> None:
    trees.text(trees.bccd(tmp_path) / "BCCD" / "ImageSets" / "Main" / "val.txt", "BloodImage_00000")
    with pytest.raises(DatasetError, match=r"val\.txt lists BloodImage_00000, which train\.txt has too"):
        cbc.read(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("<name>RBC", "<name>Neutrophil", "holds the label 'Neutrophil', which is none of RBC, WBC, Platelets"),
     ("<xmin>20", "<xmin>far", "has 'far' where bndbox/xmin should be a number"),
     ("<width>64", "<width>640", "of 640x48 pixels"),
     ("</annotation>", "", "no Pascal VOC annotation"), ("<xmin>20", "<xmin>nan", "has 'nan' where"),
     ("<xmin>20", "<xmin>1e999", "has '1e999' where"), ("<ymax>31</ymax>", "", "has None where bndbox/ymax")],
)  # fmt: skip
def test_a_broken_annotation_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = trees.bccd(tmp_path) / "BCCD" / "Annotations" / "BloodImage_00000.xml"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DatasetError, match=rf"BloodImage_00000\.xml .*{message}"):
        cbc.read(tmp_path)


def test_a_box_without_area_is_left_out_and_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    trees.annotation(tmp_path / "a.xml", ("RBC", 5, 5, 5, 9), ("RBC", 5, 5, 7, 9))
    with caplog.at_level(logging.WARNING):
        assert read_boxes(tmp_path / "a.xml", cbc.LABELS, SIZE_PX) == (Box("rbc", 5, 5, 7, 9),)
    assert "a.xml: the RBC box from (5, 5) to (5, 9) is left out" in caplog.text


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, 400), junk=st.binary(max_size=30))
def test_any_file_is_an_annotation_or_an_error(tmp_path: Path, cut: int, junk: bytes) -> None:
    trees.annotation(tmp_path / "a.xml", ("RBC", 5, 5, 7, 9))
    data = (tmp_path / "a.xml").read_bytes()
    (tmp_path / "a.xml").write_bytes(data[:cut] + junk + data[cut:])
    try:
        boxes = read_boxes(tmp_path / "a.xml", cbc.LABELS, SIZE_PX)
    except DatasetError as error:
        assert "a.xml" in str(error)
    else:
        assert all(box.left < box.right <= SIZE_PX[0] and box.top < box.bottom <= SIZE_PX[1] for box in boxes)
