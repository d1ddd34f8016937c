"""Which samples a recipe learns from and which it is judged on, run by run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from export.datasets import read_corpus
from export.datasets.sample import DatasetError, Sample
from export.datasets.splits import by_group, folds
from export.training.recipes import CorpusSplits, GroupSplits, ZooRecipe


@dataclass(frozen=True, slots=True, eq=False)
class Sides:
    """One run's data. `name` is empty, or the fold's (`repeat1-fold2`), which is its run's sub-folder too."""

    name: str
    train: Sequence[Sample]
    val: Sequence[Sample]


def corpus_of(recipe: ZooRecipe, data: Path) -> list[Sample]:
    """All samples of the recipe's corpus. Raises DatasetError."""
    return list(read_corpus(recipe.corpus, data / (recipe.folder or recipe.corpus)))


def sides_of(recipe: ZooRecipe, samples: Sequence[Sample]) -> list[Sides]:
    """One run, or one a fold. What the recipe calls `test` is in none of them. Raises DatasetError where nothing is left."""
    splits = recipe.splits
    if isinstance(splits, CorpusSplits):
        found = [
            Sides(
                "", [one for one in samples if one.split in splits.train], [one for one in samples if one.split in splits.val]
            )
        ]
    elif isinstance(splits, GroupSplits):
        shares = {"train": splits.train, "val": splits.val, "test": splits.test}
        dealt = by_group(samples, {name: share for name, share in shares.items() if share > 0}, recipe.seed)
        found = [Sides("", dealt["train"], dealt["val"])]
    else:
        kept = [one for one in samples if one.split != "test"]
        if splits.test > 0:
            kept = by_group(samples, {"kept": 1.0 - splits.test, "test": splits.test}, recipe.seed)["kept"]
        found = [
            Sides(f"repeat{one.repeat + 1}-fold{one.number + 1}", one.train, one.held_out)
            for one in folds(kept, splits.repeats, splits.folds, recipe.seed)
        ]
    for sides in found:
        if not sides.train:
            raise DatasetError(f"{recipe.name}: splits leave no sample of {recipe.corpus} to learn from")
    return found
