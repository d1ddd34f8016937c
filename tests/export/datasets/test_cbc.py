from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets import cbc
from export.datasets.sample import Box, DatasetError
from tests.export.datasets import trees


def test_a_tree(tmp_path: Path) -> None:
    found = {(sample.name, sample.split): sample for sample in cbc.read(trees.cbc(tmp_path))}
    first = found["BloodImage_00000", "train"]
    assert first.boxes[:2] == (Box("wbc", 1, 2, 11, 12), Box("rbc", 20, 20, 30, 31))
    assert first.counts == {"wbc": 1, "plt": 2}, "half of the red cells have no box: they are not counted"
    assert sorted(found) == [("BloodImage_00000", "train"), ("BloodImage_00290", "test"), ("BloodImage_00290", "val")]
    assert first.pixels().shape == (48, 64, 3)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [("Platelets", "Thrombocytes", "Thrombocytes"), ("31", "high", "high"), ("xmin", "left", "lacks the column xmin"),
     ("BloodImage_00000", "Blood", "Blood")],
)  # fmt: skip
def test_a_broken_table_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    path = trees.cbc(tmp_path) / "boxes.csv"
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DatasetError, match=f"boxes.csv.*{message}"):
        cbc.read(tmp_path)


def test_a_missing_table_is_named(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match=r"boxes\.csv cannot be read"):
        cbc.read(tmp_path)


@pytest.mark.skipif(not (trees.DATA / "cbc").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpus() -> None:
    samples = cbc.read(trees.DATA / "cbc")
    assert len(samples) == 330
    anew = [sample for sample in samples if sample.complete]
    assert len(anew) == 187
    assert sum(len(sample.boxes) for sample in samples if not sample.complete) < 4_411
    assert all("rbc" in sample.counts for sample in anew)
    assert {sample.split for sample in anew} == {"train", "val", "test"}
    numbers = {split: {int(s.name.rpartition("_")[2]) for s in samples if s.split == split} for split in ("train", "val")}
    assert numbers["val"]
    assert numbers["val"] <= set(cbc.HELD_OUT)
    assert not numbers["train"] & set(cbc.HELD_OUT)
    assert all(sample.path.is_file() for sample in samples)
    assert samples[0].pixels().shape == (480, 640, 3)
