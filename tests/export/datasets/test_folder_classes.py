from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets import folder_classes
from export.datasets.errors import DatasetError
from tests.export.datasets import paper_trees as trees


def test_a_tree(tmp_path: Path) -> None:
    found = folder_classes.read(trees.folder_classes(tmp_path))
    assert [(sample.label, sample.name, sample.split) for sample in found] == [
        ("burr", "burr/burr1", "all"), ("burr", "burr/burr2", "all"),
        ("round", "round/round1", "all"), ("round", "round/round2", "all"),
    ]  # fmt: skip


def test_splits_and_groups(tmp_path: Path) -> None:
    for split in ("Train", "val"):
        trees.folder_classes(tmp_path / split)
    trees.text(
        tmp_path / "groups.csv",
        "image,group",
        *(f"{label}{number},p{number}" for label in ("round", "burr") for number in (1, 2)),
    )
    found = folder_classes.read(tmp_path)
    assert [sample.split for sample in found] == ["train"] * 4 + ["val"] * 4
    assert {sample.group for sample in found} == {"p1", "p2"}


def test_a_class_that_is_not_meant_is_named(tmp_path: Path) -> None:
    trees.folder_classes(tmp_path)
    assert folder_classes.read(tmp_path, ("round", "burr"))
    with pytest.raises(DatasetError, match="burr is none of the classes round, oval"):
        folder_classes.read(tmp_path, ("round", "oval"))


def test_a_loose_picture_is_named(tmp_path: Path) -> None:
    trees.picture(trees.folder_classes(tmp_path) / "loose.png")
    with pytest.raises(DatasetError, match=r"loose\.png lies in no class folder"):
        folder_classes.read(tmp_path)


def test_splits_beside_classes_are_named(tmp_path: Path) -> None:
    trees.folder_classes(trees.folder_classes(tmp_path) / "train")
    with pytest.raises(DatasetError, match="burr lies beside train"):
        folder_classes.read(tmp_path)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    (tmp_path / "round").mkdir()
    with pytest.raises(DatasetError, match="holds no class folders with pictures"):
        folder_classes.read(tmp_path)
    with pytest.raises(DatasetError, match="none is no folder"):
        folder_classes.read(tmp_path / "none")
