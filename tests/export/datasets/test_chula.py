from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from export.datasets import chula
from export.datasets.sample import DatasetError, Region
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


def test_a_type_that_the_corpus_does_not_have_is_named(tmp_path: Path) -> None:
    path = trees.chula(tmp_path) / "cells.csv"
    path.write_text(path.read_text(encoding="utf-8").replace("1,5,6,0", "1,5,6,13"), encoding="utf-8")
    with pytest.raises(DatasetError, match=r"cells\.csv holds a value that does not belong there: type 13 of 0 to 12"):
        chula.read(tmp_path)


def test_a_crop_for_every_labelled_cell(tmp_path: Path) -> None:
    found = chula.crops(trees.chula(tmp_path), side_px=20)
    assert [(crop.name, crop.label, crop.split) for crop in found] == [
        ("1-0", "normal", "train"), ("1-1", "elliptocyte", "train"),
        ("38-0", "spherocyte", "val"), ("40-0", "macrocyte", "test"),
    ]  # fmt: skip
    assert found[1].region == Region(20, 10, 20, 20)
    assert found[1].points.tolist() == [[10.5, 10.0]]
    field = chula.read(tmp_path)[0].pixels()
    assert np.array_equal(found[1].pixels(), field[10:30, 20:40])
    assert found[0].pixels().shape == (20, 20, 3), "the cell is 5 px from the border: the rest is mirrored"
    assert {crop.group for crop in found} == {"block 0", "block 3"}


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
    crops = chula.crops(trees.DATA / "chula")
    assert len(crops) == 19_873
    assert {crop.label for crop in crops} == set(chula.TYPES)
    assert {crop.pixels().shape for crop in crops[::500]} == {(80, 80, 3)}
    assert all(39.4 <= crop.points.min() <= crop.points.max() <= 40.6 for crop in crops)
