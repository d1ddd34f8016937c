from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from export.datasets.errors import DatasetError
from export.datasets.sample import Sample
from export.datasets.splits import by_group, folds, group_of

GROUPS = st.lists(st.sampled_from(["", *"abcdefgh"]), min_size=6, max_size=60)
SHARES = st.dictionaries(st.sampled_from(["train", "val", "test"]), st.floats(0.01, 10.0), min_size=1)


def samples(groups: list[str], corpus: str = "drawn") -> list[Sample]:
    return [Sample(corpus, "all", str(i), Path(f"{i}.png"), group=group) for i, group in enumerate(groups)]


def names(found: list[Sample] | tuple[Sample, ...]) -> list[str]:
    return [sample.name for sample in found]


@settings(deadline=None)
@given(GROUPS, SHARES, st.integers(0, 99))
def test_no_group_on_two_sides_and_every_sample_used(groups: list[str], shares: dict[str, float], seed: int) -> None:
    given_samples = samples(groups)
    if len({group_of(sample) for sample in given_samples}) < len(shares):
        with pytest.raises(DatasetError, match="cannot be dealt"):
            by_group(given_samples, shares, seed)
        return
    found = by_group(given_samples, shares, seed)
    assert list(found) == list(shares)
    assert sorted(name for part in found.values() for name in names(part)) == sorted(names(given_samples))
    slides = [slide for part in found.values() for slide in {sample.group for sample in part if sample.group}]
    assert len(slides) == len(set(slides)), "a slide lies on one side"
    sides = [{group_of(sample) for sample in part} for part in found.values()]
    assert all(sides), "no side is empty"
    assert sum(map(len, sides)) == len(set().union(*sides))
    assert all(sample.split == name for name, part in found.items() for sample in part)


@settings(deadline=None)
@given(GROUPS, st.integers(0, 99), st.randoms())
def test_the_order_of_samples_has_no_say(groups: list[str], seed: int, random: object) -> None:
    given_samples = samples(groups)
    shuffled = list(given_samples)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    if len({group_of(sample) for sample in given_samples}) < 2:
        return
    first, second = (by_group(order, {"train": 0.7, "test": 0.3}, seed) for order in (given_samples, shuffled))
    assert {name: set(names(part)) for name, part in first.items()} == {name: set(names(part)) for name, part in second.items()}


@settings(deadline=None)
@given(GROUPS, st.integers(1, 4), st.integers(2, 4), st.integers(0, 99))
def test_folds_hold_every_sample_out_once_a_repeat(groups: list[str], repeats: int, number: int, seed: int) -> None:
    given_samples = samples(groups)
    if len({group_of(sample) for sample in given_samples}) < number:
        with pytest.raises(DatasetError, match="cannot be dealt"):
            folds(given_samples, repeats, number, seed)
        return
    found = folds(given_samples, repeats, number, seed)
    assert [(fold.repeat, fold.number) for fold in found] == [(r, n) for r in range(repeats) for n in range(number)]
    for fold in found:
        assert fold.train
        assert fold.held_out
        assert not {one.group for one in fold.train if one.group} & {one.group for one in fold.held_out}
        assert sorted(names(fold.train) + names(fold.held_out)) == sorted(names(given_samples))
    for repeat in range(repeats):
        held = Counter(name for fold in found if fold.repeat == repeat for name in names(fold.held_out))
        assert set(held.values()) == {1}
        assert len(held) == len(given_samples)


def test_five_times_two_folds_of_slides() -> None:
    given_samples = samples([f"slide {i % 20}" for i in range(200)])
    found = folds(given_samples, repeats=5, folds=2, seed=1)
    assert len(found) == 10
    assert {len(fold.train) for fold in found} == {100}
    assert len({frozenset(names(fold.held_out)) for fold in found}) == 10, "each repeat deals anew"
    assert [names(fold.held_out) for fold in found] == [names(f.held_out) for f in folds(given_samples, 5, 2, 1)]
    assert [names(fold.held_out) for fold in found] != [names(f.held_out) for f in folds(given_samples, 5, 2, 2)]


def test_shares_are_met_where_groups_allow_it() -> None:
    found = by_group(samples([f"slide {i % 25}" for i in range(1000)]), {"train": 60, "val": 20, "test": 20}, seed=0)
    assert {name: len(part) for name, part in found.items()} == {"train": 600, "val": 200, "test": 200}


def test_crops_of_one_file_without_a_group_stay_together() -> None:
    crops = [Sample("drawn", "all", str(i), Path(f"{i % 3}.png")) for i in range(30)]
    found = by_group(crops, {"train": 1, "test": 1}, seed=0)
    assert not {crop.path for crop in found["train"]} & {crop.path for crop in found["test"]}


def test_slides_of_one_number_in_two_corpora_are_two() -> None:
    both = samples(["slide 1"] * 3, "one") + samples(["slide 1"] * 3, "other")
    assert {len(part) for part in by_group(both, {"train": 1, "test": 1}, seed=0).values()} == {3}


@pytest.mark.parametrize("shares", [{}, {"train": 1.0, "test": 0.0}, {"train": float("nan")}, {"train": -1.0}])
def test_shares_must_be_above_nothing(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares must be above 0"):
        by_group(samples(["a", "b"]), shares, 0)


@pytest.mark.parametrize(("repeats", "number"), [(0, 2), (1, 1)])
def test_one_fold_is_no_fold(repeats: int, number: int) -> None:
    with pytest.raises(ValueError, match="two folds at least"):
        folds(samples(["a", "b"]), repeats, number, 0)
