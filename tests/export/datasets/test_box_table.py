from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets.box_table import read_boxes_table
from export.datasets.errors import DatasetError
from export.datasets.sample import Box

HEAD = "image,split,label,xmin,ymin,xmax,ymax\n"


def test_boxes_by_picture_and_split(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(HEAD + "b,test,RBC,1.4,2,3.6,4\na,train,WBC,1,2,3,4\nb,test,Platelets,5,6,7,8\n")
    assert read_boxes_table(path) == [
        ("a", "train", (Box("wbc", 1, 2, 3, 4),)),
        ("b", "test", (Box("rbc", 1, 2, 4, 4), Box("plt", 5, 6, 7, 8))),
    ]


def test_a_value_that_is_no_number_is_named_with_its_file(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(HEAD + "a,train,WBC,1,two,3,4\n")
    with pytest.raises(DatasetError, match=r"boxes\.csv.*two"):
        read_boxes_table(path)


def test_a_box_that_is_listed_twice_is_one_cell(tmp_path: Path) -> None:
    path = tmp_path / "boxes.csv"
    path.write_text(HEAD + "a,train,WBC,1,2,3,4\na,train,RBC,1,2,3,4\na,train,WBC,1,2,3,4\n")
    assert read_boxes_table(path) == [("a", "train", (Box("wbc", 1, 2, 3, 4), Box("rbc", 1, 2, 3, 4)))]
