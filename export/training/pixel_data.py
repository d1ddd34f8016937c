"""Labelled pictures as batches of crops for segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

import cv2
import numpy as np
import torch

from engines.filters import filtered
from export.datasets.sample import DatasetError, Sample
from export.training.cropping import Crop, cropper, plain
from export.training.loop import Batch
from export.training.packing import pack_samples
from export.training.recipe import RecipeError
from export.training.recipes import AdversarialRecipe, Phase, SegmentationRecipe
from export.training.targets import CHANNELS, Patch

MASKS: Mapping[str, str] = {"rbc": "rbc", "rbc_outline": "edge", "wbc": "wbc", "plt": "plt"}
"""Which mask of a sample says what a channel should."""
PixelRecipe = SegmentationRecipe | AdversarialRecipe


class Patches(Protocol):
    """Pictures with their targets, made when they are asked for or before."""

    def __len__(self) -> int: ...

    def __getitem__(self, index: int) -> Patch: ...


@dataclass(frozen=True, slots=True, eq=False)
class SquarePatches:
    """Small pictures, read when they are needed: each is resized to a square of `recipe.side_px`."""

    samples: Sequence[Sample]
    recipe: PixelRecipe

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> Patch:
        sample, side_px = self.samples[index], self.recipe.side_px
        assert side_px is not None  # the recipe's own check
        size = (side_px, side_px)
        pixels = cv2.resize(sample.pixels(), size, interpolation=cv2.INTER_AREA)
        targets, known = np.zeros((*size, len(CHANNELS)), np.uint8), np.zeros((*size, len(CHANNELS)), np.uint8)
        for channel, mask in MASKS.items():
            if mask in sample.masks:
                drawn = sample.mask(mask).astype(np.uint8) * 255
                targets[..., CHANNELS.index(channel)] = cv2.resize(drawn, size, interpolation=cv2.INTER_AREA)
                known[..., CHANNELS.index(channel)] = 1
        return Patch(filtered(np.asarray(pixels, np.uint8), self.recipe.filters), targets, known)


def patches_of(samples: Sequence[Sample], recipe: PixelRecipe, packed: Path) -> Patches:
    """The samples' patches as the recipe wants them. Raises DatasetError where there is none."""
    if not samples:
        raise DatasetError(f"{recipe.corpus} has no labelled picture for {recipe.name}")
    if recipe.cell_diameter_px is None:
        return SquarePatches(samples, recipe)
    patches = pack_samples(samples, recipe.cell_diameter_px, packed)
    if not recipe.filters:
        return patches
    return [replace(patch, pixels=filtered(patch.pixels, recipe.filters)) for patch in patches]


def planes(recipe: PixelRecipe, phase: Phase) -> list[int]:
    """Which of a patch' planes each output channel learns in a phase. Raises RecipeError for a name that no plane has."""
    names = phase.targets or recipe.channels
    unknown = [name for name in dict.fromkeys((*names, *recipe.channels)) if name not in CHANNELS]
    if unknown:
        raise RecipeError(f"{recipe.name}: channels: {', '.join(unknown)} is none of {', '.join(CHANNELS)}")
    return [CHANNELS.index(name) for name in names]


def labelled(sample: Sample, phase: Phase) -> bool:
    """Whether somebody labelled what the phase needs."""
    if phase.only_with is not None:
        return MASKS.get(phase.only_with, phase.only_with) in sample.masks
    return bool(sample.masks or sample.boxes or sample.points.size)


def chosen_steps(count: int, batch: int, epoch_steps: int | None) -> int:
    """Steps an epoch: as asked, or one pass (the last batch may be smaller)."""
    return epoch_steps or -(-count // batch)


def chosen(count: int, batch: int, epoch_steps: int | None, seed: tuple[int, ...], step: int) -> list[int]:
    """Which of `count` pictures batch number `step` shows: at random, or in a new order every pass. A function of its
    arguments alone."""
    if epoch_steps is not None:
        return [int(one) for one in np.random.default_rng((*seed, 0, step)).integers(count, size=batch)]
    steps = -(-count // batch)
    order = np.random.default_rng((*seed, 1, step // steps)).permutation(count)
    return [int(one) for one in order[step % steps * batch : (step % steps + 1) * batch]]


@dataclass(frozen=True, slots=True, eq=False)
class PixelBatches:
    """Batches (pixels, targets, known), each (batch, channels, side, side) uint8, of one phase."""

    patches: Patches
    planes: Sequence[int]
    recipe: PixelRecipe
    phase: int
    crop: Crop
    side_px: int

    @property
    def epoch_steps(self) -> int:
        return chosen_steps(len(self.patches), self.recipe.batch, self.recipe.epoch_steps)

    def batch(self, step: int) -> Batch:
        """See Batches."""
        seed = (self.recipe.seed, self.phase)
        indices = chosen(len(self.patches), self.recipe.batch, self.recipe.epoch_steps, seed, step)
        rng = np.random.default_rng((*seed, 2, step))
        return stacked([self.crop(rng, _only(self.patches[index], self.planes), self.side_px) for index in indices])


def _only(patch: Patch, chosen_planes: Sequence[int]) -> Patch:
    wanted = list(chosen_planes)
    if wanted == list(range(patch.targets.shape[2])):
        return patch
    return Patch(patch.pixels, patch.targets[..., wanted], patch.known[..., wanted])


def stacked(crops: Sequence[Patch]) -> Batch:
    """Crops of one size as three uint8 tensors (batch, channels, height, width)."""
    return tuple(
        torch.from_numpy(np.stack([getattr(crop, name) for crop in crops])).permute(0, 3, 1, 2).contiguous()
        for name in ("pixels", "targets", "known")
    )


def side_of(recipe: PixelRecipe) -> int:
    """The side of what the network sees, in pixels."""
    side_px = recipe.crop_px or recipe.side_px
    assert side_px is not None  # the recipe's own check
    return side_px


def training_batches(patches: Patches, recipe: PixelRecipe, phase: int) -> PixelBatches:
    """The batches of a phase."""
    wanted = planes(recipe, recipe.phases[phase])
    if isinstance(patches, list):
        # Whole fields: cut down to these planes once, not for each crop.
        patches = [_only(patch, wanted) for patch in patches]
        wanted = list(range(len(wanted)))
    return PixelBatches(patches, wanted, recipe, phase, cropper(recipe.augmentation), side_of(recipe))


def validation_batches(patches: Patches | None, recipe: PixelRecipe, phase: int) -> list[Batch]:
    """The same `val_crops` crops every time, spread over the pictures, unchanged; none where there are no pictures."""
    if patches is None:
        return []
    rng = np.random.default_rng((recipe.seed, phase, 3))
    wanted = planes(recipe, recipe.phases[phase])
    number = recipe.val_crops if recipe.crop_px is not None else min(recipe.val_crops, len(patches))
    indices = [index * len(patches) // number if number <= len(patches) else index % len(patches) for index in range(number)]
    crops = [plain(rng, _only(patches[index], wanted), side_of(recipe)) for index in indices]
    return [stacked(crops[first : first + recipe.batch]) for first in range(0, number, recipe.batch)]
