from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets import anaemic_rbc
from export.datasets.errors import DatasetError
from tests.export.datasets import paper_trees as trees


def test_a_tree(tmp_path: Path) -> None:
    found = anaemic_rbc.read(trees.anaemic_rbc(tmp_path))
    assert [(sample.name, sample.label, sample.group) for sample in found] == [
        ("1", "healthy", "healthy 1"), ("20", "healthy", "healthy 1"), ("21", "healthy", "healthy 2"),
        ("1", "anaemic", "anaemic 1"), ("20", "anaemic", "anaemic 1"), ("21", "anaemic", "anaemic 2"),
    ]  # fmt: skip
    assert found[0].mask("rbc")[20, 20], "0 is the cell in this paper"
    assert not found[0].mask("rbc")[0, 0]
    assert found[0].report is not None


def test_masks_of_the_same_name_and_no_reports(tmp_path: Path) -> None:
    for cohort in ("healthy rbc", "Anemic-RBC"):
        trees.picture(tmp_path / cohort / "images" / "03_07.png")
        trees.inverted_mask(tmp_path / cohort / "GT" / "03_07.png")
    found = anaemic_rbc.read(tmp_path)
    assert [sample.group for sample in found] == ["healthy 3", "anaemic 3"]
    assert found[0].report is None


@pytest.mark.parametrize(
    ("name", "patient"), [("1", 1), ("20", 1), ("21", 2), ("1000", 50), ("p7_3", 7), ("0041", 3), ("healthy_12_05", 12)]
)
def test_patients(name: str, patient: int) -> None:
    assert anaemic_rbc.patient_of(Path(f"{name}.png")) == patient


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    (trees.anaemic_rbc(tmp_path) / "Anaemic-RBCs" / "Ground_truth" / "20_mask.png").unlink()
    with pytest.raises(DatasetError, match=r"Anaemic-RBCs/Original_images/20\.png has no mask"):
        anaemic_rbc.read(tmp_path)


def test_a_missing_report_is_named(tmp_path: Path) -> None:
    (trees.anaemic_rbc(tmp_path) / "Healthy-RBCs" / "CBC_reports" / "20.txt").unlink()
    with pytest.raises(DatasetError, match=r"CBC_reports/20\.txt is missing"):
        anaemic_rbc.read(tmp_path)


def test_a_missing_set_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="has no folder Healthy-RBCs"):
        anaemic_rbc.read(tmp_path)


def test_a_name_without_a_number_is_named(tmp_path: Path) -> None:
    folder = trees.anaemic_rbc(tmp_path) / "Healthy-RBCs"
    trees.picture(folder / "Original_images" / "one.png")
    trees.inverted_mask(folder / "Ground_truth" / "one.png")
    with pytest.raises(DatasetError, match=r"one\.png has no number in its name"):
        anaemic_rbc.read(tmp_path)
