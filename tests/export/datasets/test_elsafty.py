from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from export.datasets import elsafty
from export.datasets.errors import DatasetError
from export.datasets.splits import folds
from tests.export.datasets import paper_trees as trees


def test_every_slide_has_one_scanner() -> None:
    slides = [slide for slides in elsafty.SCANNER_SLIDES.values() for slide in slides]
    assert sorted(slides) == list(range(1, 26))


def test_crops_have_class_slide_scanner_and_mask(tmp_path: Path) -> None:
    found = elsafty.read(trees.elsafty(tmp_path))
    assert Counter(sample.label for sample in found) == dict.fromkeys(elsafty.CLASSES, 3)
    assert {(sample.group, sample.scanner, sample.split) for sample in found} == {
        ("slide 7", "scanner 2", "train"), ("slide 14", "scanner 3", "train"), ("slide 4", "scanner 2", "test"),
    }  # fmt: skip
    assert found[0].pixels().shape == (80, 80, 3)
    assert found[0].mask("rbc")[40, 40]
    assert len(folds([sample for sample in found if sample.split == "train"], 5, 2, seed=0)) == 10


@pytest.mark.parametrize("spelling", ["paper", "abbreviation", "published"])
def test_classes_in_every_spelling(tmp_path: Path, spelling: str) -> None:
    names = {"paper": 0, "abbreviation": 1, "published": -1}[spelling]
    found = elsafty.read(trees.elsafty(tmp_path, tuple(spellings[names] for spellings in elsafty.CLASSES.values())))
    assert {sample.label for sample in found} == set(elsafty.CLASSES)


def test_class_folders_may_be_numbered(tmp_path: Path) -> None:
    trees.elsafty(tmp_path, ("01-Rounded RBC", "02-Ovalocyte"))
    assert {sample.label for sample in elsafty.read(tmp_path)} == {"normal", "ovalocyte"}


@pytest.mark.parametrize("stem", ["slide_07_12_1_2_80_80", "Slide7-12-1-2-80-80", "S07.12.1.2.80.80", "7 12", "007_1"])
def test_slides_in_every_spelling(tmp_path: Path, stem: str) -> None:
    trees.picture(tmp_path / "NOR" / f"{stem}.jpg", 80, 80)
    assert elsafty.read(tmp_path)[0].group == "slide 7"


def test_the_published_nine_classes(tmp_path: Path) -> None:
    trees.elsafty(tmp_path, ("Angled cells", "Borderline ovalocytes", "Rounded RBCs"))
    assert {sample.label for sample in elsafty.read_nine(tmp_path)} == {"angled", "borderline ovalocyte", "normal"}
    with pytest.raises(DatasetError, match=r"Angled cells.* is none of the classes normal, ovalocyte"):
        elsafty.read(tmp_path)


def test_crops_without_masks_are_for_classification(tmp_path: Path) -> None:
    (trees.elsafty(tmp_path / "set") / "Masks").rename(tmp_path / "away")
    found = elsafty.read(tmp_path / "set")
    assert len(found) == 24
    assert not any(sample.masks for sample in found)
    with pytest.raises(DatasetError, match=r"Burr cells/04_12_9_9_80_802\.jpg has no mask"):
        elsafty.crops_with_masks(tmp_path / "set")


def test_masks_without_classes_are_for_segmentation(tmp_path: Path) -> None:
    root = tmp_path / "100K-RBC-Mask-PathOlogics"
    trees.picture(root / "images" / "25_1_2_3_80_80.jpg", 80, 80)
    trees.mask(root / "masks" / "25_1_2_3_80_80.jpg", [(40, 40, 20)], 80, 80)
    (found,) = elsafty.crops_with_masks(tmp_path)
    assert (found.label, found.group, found.scanner) == (None, "slide 25", "scanner 1")
    assert found.mask("rbc")[40, 40]


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    (trees.elsafty(tmp_path) / "Masks" / "Burr cells" / "7_0012_100_200_80_802.png").unlink()
    for read in (elsafty.read, elsafty.crops_with_masks):
        with pytest.raises(DatasetError, match=r"Burr cells/7_0012_100_200_80_802\.jpg has no mask"):
            read(tmp_path)


@pytest.mark.parametrize("stem", ["26_1_2", "0_1_2", "cell", "123_4", "x7"])
def test_a_name_without_a_slide_is_named(tmp_path: Path, stem: str) -> None:
    trees.picture(tmp_path / "NOR" / f"{stem}.jpg", 80, 80)
    with pytest.raises(DatasetError, match=rf"{stem}\.jpg does not begin with the number of a slide"):
        elsafty.read(tmp_path)


def test_two_masks_of_one_name_are_named(tmp_path: Path) -> None:
    root = trees.elsafty(tmp_path)
    trees.mask(root / "Masks" / "Teardrops" / "7_0012_100_200_80_802.png", [], 80, 80)
    with pytest.raises(DatasetError, match="are both masks of one name"):
        elsafty.read(root)


def test_a_folder_without_crops_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="holds no crops"):
        elsafty.read(tmp_path)
    with pytest.raises(DatasetError, match="none is no folder"):
        elsafty.read(tmp_path / "none")
