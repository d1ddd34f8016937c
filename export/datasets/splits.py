"""Splits and folds by slide or patient: no group ever lies on two sides."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from export.datasets.errors import DatasetError
from export.datasets.sample import Sample

Group = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Fold:
    """One turn of a cross-validation: train on `train`, measure on `held_out`; `repeat` and `number` count from 0."""

    repeat: int
    number: int
    train: tuple[Sample, ...]
    held_out: tuple[Sample, ...]


def group_of(sample: Sample) -> Group:
    """The slide or patient; a sample without one is a group of its own, by its file (its crops stay together)."""
    return (sample.corpus, sample.group) if sample.group else (f"{sample.corpus} file", str(sample.path))


def by_group(samples: Sequence[Sample], shares: Mapping[str, float], seed: int) -> dict[str, list[Sample]]:
    """The samples by split, their `split` set to it; `shares` as {"train": 0.6, "val": 0.2, "test": 0.2}.

    Whole groups are dealt by a shuffle of `seed`, the largest first, each to the split that lacks most of its share. The
    order of `samples` has no say in it. Raises DatasetError where there are fewer groups than splits; ValueError for a share
    that is not above 0.
    """
    if not shares or any(not share > 0 for share in shares.values()):
        raise ValueError(f"shares must be above 0, not {dict(shares)}")
    whole = sum(shares.values())
    dealt = _dealt(samples, {name: share / whole for name, share in shares.items()}, np.random.default_rng(seed))
    split_of = {group: name for name, groups in dealt.items() for group in groups}
    found: dict[str, list[Sample]] = {name: [] for name in shares}
    for sample in samples:
        name = split_of[group_of(sample)]
        found[name].append(replace(sample, split=name))
    return found


def folds(samples: Sequence[Sample], repeats: int, folds: int, seed: int) -> list[Fold]:
    """`repeats` times `folds` folds: (5, 2) is the 5x2 cross-validation, (1, 5) a five-fold one.

    Each repeat deals the groups anew by `seed` and its own number; within it every sample is held out once. Raises
    DatasetError where there are fewer groups than folds, ValueError for fewer than two folds or no repeat.
    """
    if folds < 2 or repeats < 1:
        raise ValueError(f"{repeats} repeats of {folds} folds: there must be one repeat and two folds at least")
    found = []
    for repeat in range(repeats):
        equal = {str(number): 1.0 / folds for number in range(folds)}
        dealt = _dealt(samples, equal, np.random.default_rng((seed, repeat)))
        for number in range(folds):
            held = set(dealt[str(number)])
            train = tuple(sample for sample in samples if group_of(sample) not in held)
            found.append(Fold(repeat, number, train, tuple(sample for sample in samples if group_of(sample) in held)))
    return found


def _dealt(samples: Sequence[Sample], shares: Mapping[str, float], rng: np.random.Generator) -> dict[str, list[Group]]:
    sizes: dict[Group, int] = {}
    for sample in samples:
        sizes[group_of(sample)] = sizes.get(group_of(sample), 0) + 1
    if len(sizes) < len(shares):
        raise DatasetError(f"{len(sizes)} slides or patients cannot be dealt to {len(shares)} sides; take fewer sides")
    groups = sorted(sizes)
    rng.shuffle(groups)
    groups.sort(key=lambda group: -sizes[group])  # stable: groups of one size stay shuffled
    lacking = {name: share * len(samples) for name, share in shares.items()}
    dealt: dict[str, list[Group]] = {name: [] for name in shares}
    for index, group in enumerate(groups):
        empty = [name for name in shares if not dealt[name]]
        # The last groups go to sides that have none, however small their share is.
        open_to = empty if len(groups) - index <= len(empty) else list(shares)
        taker = max(open_to, key=lambda name: lacking[name])
        dealt[taker].append(group)
        lacking[taker] -= sizes[group]
    return dealt
