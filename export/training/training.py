"""Train by a recipe of any task."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import torch

from engines.crop import Cropping
from export.training.crop_data import CropBatches, pack_crops
from export.training.curves import write_table
from export.training.field_recipe import FieldRecipe
from export.training.fit_adversarial import AdversarialLearner
from export.training.fit_classification import ClassificationLearner
from export.training.fit_field import FieldBatches, FieldLearner
from export.training.fit_segmentation import SegmentationLearner
from export.training.learnt_scale import learnt_diameter_px
from export.training.loop import Batches, Learner, Loop, Plan, seed_everything
from export.training.packing import pack
from export.training.palettes import palettes
from export.training.pixel_data import PixelRecipe, labelled, patches_of, training_batches, validation_batches
from export.training.recipe import RecipeError
from export.training.recipes import AnyRecipe, ClassificationRecipe, Schedule, SegmentationRecipe, ZooRecipe
from export.training.run_folder import RunFolder
from export.training.sides import Sides, corpus_of, sides_of
from export.zoo import ZooError, architecture

log = logging.getLogger(__name__)
FOLDS = "folds.csv"


def train(recipe: AnyRecipe, data: Path, run: Path, threads: int = 1, fold: int | None = None, workers: int = 1) -> Path:
    """Train by `recipe` on the corpora under `data`; all that comes out lies in the folder `run`, whose weights' path is given.

    A run that was interrupted goes on from its last epoch. With cross-validation every fold is a run in a sub-folder, `fold`
    (from 1) picks one, and the path of `folds.csv` is given. Packed data lie beside the run, under `packed`. Raises
    DatasetError, RecipeError, ZooError.
    """
    torch.set_num_threads(threads)
    if isinstance(recipe, FieldRecipe):
        return _train_field(recipe, data, run, workers).weights
    _check(recipe)
    every = sides_of(recipe, corpus_of(recipe, data))
    if fold is not None and not 1 <= fold <= len(every):
        raise RecipeError(f"{recipe.name} has {len(every)} folds, there is no fold {fold}")
    packed = run.parent / "packed"
    chosen = every if fold is None else [every[fold - 1]]
    trained = [(sides, _train_one(recipe, sides, run / sides.name, data, packed, workers)) for sides in chosen]
    if len(every) == 1:
        return trained[0][1].weights
    last = [{"fold": float(every.index(sides) + 1), **_last_row(folder)} for sides, folder in trained]
    write_table(last, run / FOLDS)
    return run / FOLDS


def _check(recipe: ZooRecipe) -> None:
    """The recipe's network must exist, be of its task, and take the sides it is given."""
    known = architecture(recipe.architecture)
    task = "classification" if isinstance(recipe, ClassificationRecipe) else "segmentation"
    if known.task != task:
        raise ZooError(
            f"{recipe.name}: {recipe.architecture} is a network for {known.task}, the recipe's task is {recipe.task}"
        )
    if isinstance(recipe, ClassificationRecipe):
        return
    side_px = recipe.crop_px or recipe.side_px or 0
    if (side_px - known.offset_px) % known.multiple_px or side_px <= 2 * known.context_px:
        offset = f"{known.offset_px} more than " if known.offset_px else ""
        raise RecipeError(
            f"{recipe.name}: {'crop_px' if recipe.crop_px else 'side_px'}: {recipe.architecture} takes sides of {offset}"
            f"a multiple of {known.multiple_px} px above {2 * known.context_px} px, not {side_px}"
        )


def _train_field(recipe: FieldRecipe, data: Path, run: Path, workers: int) -> RunFolder:
    folder = RunFolder(run)
    folder.open(recipe)
    seed_everything(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    batches = FieldBatches({name: pack(name, recipe, data, run.parent / "packed") for name in recipe.shares}, recipe)
    plan = Plan(recipe.name, [(recipe.epochs, batches)], Schedule(kind="cosine"), recipe.ema, keep_best=False, workers=workers)
    Loop(FieldLearner(recipe, batches.batch(0), device), plan, folder).run()
    return folder


def _train_one(recipe: ZooRecipe, sides: Sides, path: Path, data: Path, packed: Path, workers: int) -> RunFolder:
    folder = RunFolder(path)
    folder.open(recipe)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    seed_everything(recipe.seed)
    if isinstance(recipe, ClassificationRecipe):
        crops = pack_crops(sides.train, recipe, packed)
        if recipe.cropping is not None and recipe.cropping.palettes:
            cropping = Cropping(recipe.side_px, recipe.cropping.diameters)
            crops = replace(crops, palettes=palettes(recipe.cropping.palettes, data, cropping))
        val = pack_crops(sides.val, recipe, packed) if sides.val else None
        batches = CropBatches(crops, recipe)
        plan = _plan(recipe, [(recipe.epochs, batches)], workers)
        Loop(ClassificationLearner(recipe, crops, val, device), plan, folder).run()
    else:
        _train_pixels(recipe, sides, folder, packed, workers, device)
    return folder


def _train_pixels(
    recipe: PixelRecipe, sides: Sides, folder: RunFolder, packed: Path, workers: int, device: torch.device
) -> None:
    phases: list[tuple[int, Batches]] = []
    validation = []
    for index, phase in enumerate(recipe.phases):
        train, val = ([one for one in side if labelled(one, phase)] for side in (sides.train, sides.val))
        patches = patches_of(train, recipe, packed)
        if index == 0 and recipe.cell_diameter_px is None and (learnt := learnt_diameter_px(patches)) is not None:
            folder.note_scale(learnt)
        phases.append((phase.epochs, training_batches(patches, recipe, index)))
        validation.append(validation_batches(patches_of(val, recipe, packed) if val else None, recipe, index))
    if isinstance(recipe, SegmentationRecipe):
        learner: Learner = SegmentationLearner(recipe, validation, device)
    else:
        learner = AdversarialLearner(recipe, validation, device)
    Loop(learner, _plan(recipe, phases, workers), folder).run()


def _plan(recipe: ZooRecipe, phases: Sequence[tuple[int, Batches]], workers: int) -> Plan:
    return Plan(recipe.name, phases, recipe.schedule, recipe.ema, recipe.keep == "best", workers)


def _last_row(folder: RunFolder) -> Mapping[str, float]:
    state = folder.resume()
    assert state is not None  # the run is over
    judged = "val_loss" if "val_loss" in state["rows"][0] else "loss"
    best: Mapping[str, float] = min(state["rows"], key=lambda row: float(row[judged]))
    return best
