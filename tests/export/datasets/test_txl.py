from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets import txl
from export.datasets.errors import DatasetError
from export.datasets.sample import Box
from tests.export.datasets import trees


def test_pictures_have_boxes_counts_and_a_microscope(tmp_path: Path) -> None:
    first, second = txl.read(trees.txl(tmp_path))
    assert (first.name, first.split, first.scanner, first.complete) == ("pbc_0001", "train", "pbc", True)
    assert first.boxes == (Box("wbc", 20, 20, 44, 44), Box("rbc", 2, 2, 14, 14))
    assert first.counts == {"rbc": 1, "wbc": 1, "plt": 0}
    assert (second.scanner, second.split) == ("raabin", "test")
    assert first.pixels().shape == (48, 64, 3)


def test_a_strange_label_is_named(tmp_path: Path) -> None:
    path = trees.txl(tmp_path) / "boxes.csv"
    path.write_text(path.read_text().replace("Platelets", "Plates"))
    with pytest.raises(DatasetError, match=r"boxes\.csv.*Plates"):
        txl.read(tmp_path)


@pytest.mark.skipif(not (trees.DATA / "txl").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpus() -> None:
    samples = txl.read(trees.DATA / "txl")
    assert {split: sum(one.split == split for one in samples) for split in ("train", "val", "test")} == {
        "train": 660, "val": 100, "test": 120,
    }  # fmt: skip
    assert {one.scanner for one in samples} == set(txl.SCANNERS)
    assert all(one.path.is_file() for one in samples)
