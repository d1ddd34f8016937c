from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.datasets import chula
from export.datasets.sample import DatasetError
from tests.export.datasets import trees


def test_a_tree(tmp_path: Path) -> None:
    found = {sample.name: sample for sample in chula.read(trees.chula(tmp_path))}
    first = found["1"]
    assert (first.corpus, first.complete, first.counts, first.types) == ("chula", True, {"rbc": 2}, (0, 12))
    assert first.points.dtype == np.float32
    assert first.points.tolist() == [[5.0, 6.0], [30.5, 20.0]]
    assert found["38"].counts == {}, "labels that are not complete are no count"
    assert found["60"].points.shape == (0, 2)


def test_blocks_of_the_train_split_are_held_out_and_twins_left_out(tmp_path: Path) -> None:
    splits = {sample.name: sample.split for sample in chula.read(trees.chula(tmp_path))}
    assert splits == {"1": "train", "38": "val", "60": "val", "61": "train", "330": "val", "40": "test", "35": "twin"}


@pytest.mark.parametrize(
    ("file", "old", "new", "message"),
    [("cells.csv", "30.5", "far", "far"), ("cells.csv", "1,5,6,0", "1,5,6,oval", "oval"), ("images.csv", "38,", "cat,", "cat"),
     ("images.csv", "complete", "whole", "lacks the column complete"), ("cells.csv", "type", "kind", "lacks the column type")],
)  # fmt: skip
def test_a_broken_table_is_named(tmp_path: Path, file: str, old: str, new: str, message: str) -> None:
    path = trees.chula(tmp_path) / file
    path.write_text(path.read_text(encoding="utf-8").replace(old, new), encoding="utf-8")
    with pytest.raises(DatasetError, match=f"{file}.*{message}"):
        chula.read(tmp_path)


@pytest.mark.parametrize("file", ["cells.csv", "images.csv"])
def test_a_missing_table_is_named(tmp_path: Path, file: str) -> None:
    (trees.chula(tmp_path) / file).unlink()
    with pytest.raises(DatasetError, match=file):
        chula.read(tmp_path)


@pytest.mark.skipif(not (trees.DATA / "chula").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpus() -> None:
    samples = chula.read(trees.DATA / "chula")
    assert len(samples) == 530
    assert sum(len(sample.points) for sample in samples) == 19_873
    assert sum(sample.complete for sample in samples) == 100
    held_out = {int(sample.name) for sample in samples if sample.split == "val" and int(sample.name) in range(38, 61)}
    train = {int(sample.name) for sample in samples if sample.split == "train"}
    assert held_out
    assert not train & {*range(38, 61), *range(324, 346)}
    assert not chula.TWINS & {int(sample.name) for sample in samples if sample.split in ("train", "test", "val")}
    assert all(sample.path.is_file() for sample in samples)
    assert samples[0].pixels().shape == (480, 640, 3)
    assert all(len(sample.types) == len(sample.points) for sample in samples)
    assert {kind for sample in samples for kind in sample.types} <= set(range(13))
