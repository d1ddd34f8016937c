from __future__ import annotations

from pathlib import Path

import pytest

pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.datasets.sample import DatasetError, Sample
from export.training.sides import Sides, corpus_of, sides_of
from tests.export.training import tiny


def samples(split: str = "train") -> list[Sample]:
    """Ten slides of three crops each."""
    return [
        Sample("drawn", split, f"{slide}-{index}", Path(f"{slide}-{index}.png"), group=f"slide {slide}")
        for slide in range(10)
        for index in range(3)
    ]


def groups(side: Sides) -> tuple[set[str], set[str]]:
    return {one.group for one in side.train}, {one.group for one in side.val}


def test_the_corpus_says_what_is_for_what() -> None:
    recipe = tiny.segmentation(splits={"by": "corpus", "train": ["train", "bench_train"], "val": ["val"]})
    (one,) = sides_of(recipe, [*samples("train"), *samples("bench_train"), *samples("val"), *samples("test")])
    assert one.name == ""
    assert {sample.split for sample in one.train} == {"train", "bench_train"}
    assert {sample.split for sample in one.val} == {"val"}


def test_shares_of_slides() -> None:
    recipe = tiny.segmentation(splits={"by": "group", "train": 0.6, "val": 0.2, "test": 0.2})
    (one,) = sides_of(recipe, samples())
    train, val = groups(one)
    assert (len(train), len(val)) == (6, 2)
    assert not train & val
    (again,) = sides_of(recipe, samples())
    assert groups(again) == (train, val), "the seed decides"


def test_5x2_cross_validation_by_slide_without_the_test_slides() -> None:
    recipe = tiny.classification(splits={"by": "folds", "repeats": 5, "folds": 2})
    held_back = [Sample("drawn", "test", "t", Path("t.png"), group="slide t")]
    every = sides_of(recipe, [*samples(), *held_back])
    assert [one.name for one in every] == [f"repeat{repeat}-fold{fold}" for repeat in range(1, 6) for fold in (1, 2)]
    for one in every:
        train, val = groups(one)
        assert not train & val
        assert train | val == {f"slide {slide}" for slide in range(10)}
    for first, second in zip(every[::2], every[1::2], strict=True):
        assert groups(first) == groups(second)[::-1], "of each repeat the halves change places"
    assert len({frozenset(groups(one)[0]) for one in every}) > 4, "each repeat deals anew"


def test_folds_may_hold_slides_back_themselves() -> None:
    recipe = tiny.classification(splits={"by": "folds", "folds": 4, "test": 0.2})
    seen = set[str]()
    for one in sides_of(recipe, samples()):
        seen |= groups(one)[1]
    assert len(seen) == 8


def test_nothing_to_learn_from_is_said() -> None:
    with pytest.raises(DatasetError, match="no sample of folder-masks to learn from"):
        sides_of(tiny.segmentation(), samples("val"))


def test_a_corpus_may_lie_in_a_folder_of_another_name(tmp_path: Path) -> None:
    tiny.masks(tmp_path)
    (tmp_path / "folder-masks").rename(tmp_path / "mine")
    assert len(corpus_of(tiny.segmentation(folder="mine"), tmp_path)) == 7
    with pytest.raises(DatasetError, match="folder-masks is no folder"):
        corpus_of(tiny.segmentation(), tmp_path)
