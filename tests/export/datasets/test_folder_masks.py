from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets import folder_masks
from export.datasets.errors import DatasetError
from tests.export.datasets import paper_trees as trees


def test_a_tree(tmp_path: Path) -> None:
    found = folder_masks.read(trees.folder_masks(tmp_path))
    assert [sample.name for sample in found] == ["a", "b", "c9", "c10"]
    assert sorted(found[0].masks) == ["edge", "rbc"]
    assert found[0].mask("rbc").sum() > found[0].mask("edge").sum() > 0
    assert {sample.group for sample in found} == {""}
    assert not folder_masks.read(tmp_path, white_is="background")[0].mask("rbc")[20, 20]


def test_splits_and_groups(tmp_path: Path) -> None:
    for split in ("train", "test"):
        trees.folder_masks(tmp_path / split)
    found = folder_masks.read(tmp_path)
    assert [sample.split for sample in found] == ["train"] * 4 + ["test"] * 4
    trees.text(tmp_path / "groups.csv", "image,group", "a,slide 1", "b.png,slide 1", "c9,slide 2", "c10,slide 3")
    assert [sample.group for sample in folder_masks.read(tmp_path)][:4] == ["slide 1", "slide 1", "slide 2", "slide 3"]
    trees.text(tmp_path / "groups.csv", "image,group", "a,slide 1")
    with pytest.raises(DatasetError, match=rf"{tmp_path.name}/groups\.csv has no row for .*train/images/b\.png"):
        folder_masks.read(tmp_path)


@pytest.mark.parametrize(
    ("rows", "message"),
    [(("a,slide 1",), r"groups\.csv has no row for .*b\.png"), (("a,1", "a,2"), r"groups\.csv gives a two groups, 1 and 2")],
)
def test_broken_groups_are_named(tmp_path: Path, rows: tuple[str, ...], message: str) -> None:
    trees.text(trees.folder_masks(tmp_path) / "groups.csv", "image,group", *rows)
    with pytest.raises(DatasetError, match=message):
        folder_masks.read(tmp_path)


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    (trees.folder_masks(tmp_path) / "masks_edge" / "c9.png").unlink()
    with pytest.raises(DatasetError, match=r"images/c9\.png has no mask of its name in .*masks_edge"):
        folder_masks.read(tmp_path)


def test_a_missing_picture_is_named(tmp_path: Path) -> None:
    (trees.folder_masks(tmp_path) / "images" / "c9.png").unlink()
    with pytest.raises(DatasetError, match=r"c9.*png is the mask of no picture"):
        folder_masks.read(tmp_path)


def test_missing_folders_are_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has neither a folder images nor folders train, val, test"):
        folder_masks.read(tmp_path)
    (tmp_path / "images").mkdir()
    with pytest.raises(DatasetError, match="has no folder masks beside images"):
        folder_masks.read(tmp_path)


def test_pictures_of_one_name_are_named(tmp_path: Path) -> None:
    trees.picture(trees.folder_masks(tmp_path) / "images" / "a.jpg")
    with pytest.raises(DatasetError, match="have the same name"):
        folder_masks.read(tmp_path)
