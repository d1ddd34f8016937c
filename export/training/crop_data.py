"""Labelled cells as batches of crops for classification."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from engines.crop import STRAIGHT, Cropping, View, balanced, crop
from engines.prepare import Pixels
from engines.whole_file import whole_file
from export.datasets.sample import DatasetError, Sample
from export.training.augmentation import Views, augmented, reimaged
from export.training.cropping import turns
from export.training.loop import Batch
from export.training.palettes import Palettes
from export.training.pixel_data import chosen, chosen_steps
from export.training.recipes import CellCropping, ClassificationRecipe
from export.training.targets import Patch, blank

log = logging.getLogger(__name__)


HUE_RAD = 0.25
"""Standard deviation of the turn of all hues, where a recipe has them turned."""


def smoothed(rng: np.random.Generator, pixels: Pixels) -> Pixels:
    """Edges stay, texture goes."""
    strength = float(rng.uniform(20.0, 90.0))
    return np.asarray(cv2.bilateralFilter(pixels, 7, strength, float(rng.uniform(2.0, 5.0))), np.uint8)


def rehued(pixels: Pixels, turn: float) -> Pixels:
    """All hues turned by so many radians in L*a*b*, about what is grey."""
    lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
    a, b = lab[..., 1] - 128.0, lab[..., 2] - 128.0
    lab[..., 1], lab[..., 2] = (
        128.0 + np.cos(turn) * a - np.sin(turn) * b,
        128.0 + np.sin(turn) * a + np.cos(turn) * b,
    )
    return np.asarray(cv2.cvtColor(np.clip(lab + 0.5, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class Crops:
    """`pixels` (n, side, side, 3) uint8 RGB, perhaps on the disk; `labels` (n,) int64, indices of the classes. With a recipe's
    `cropping` they are whole pictures, balanced, with the cell in the middle and red cells of `diameter_px`."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int64]
    diameter_px: float = 0.0
    palettes: Palettes | None = None


def labels_of(samples: Sequence[Sample], recipe: ClassificationRecipe) -> NDArray[np.int64]:
    """(n,) int64. Raises DatasetError for a label that is none of the recipe's classes, with the sample's file."""
    index = {name: number for number, name in enumerate(recipe.classes)}
    for sample in samples:
        if sample.label not in index:
            raise DatasetError(
                f"{sample.path}: {sample.name} is labelled {sample.label!r}, which is no class of {recipe.name}; "
                f"its classes are {', '.join(recipe.classes)} (or name it under `ignore`)"
            )
    return np.array([index[str(sample.label)] for sample in samples], np.int64)


def pack_crops(samples: Sequence[Sample], recipe: ClassificationRecipe, folder: Path) -> Crops:
    """These samples as squares of the recipe's side, from `folder` or made and kept there; `ignore`d ones left out.

    The pixels stay on the disk and are read as they are needed: Elsafty's 240,000 crops are 4.6 GB. Raises DatasetError.
    """
    samples = [one for one in samples if one.label not in recipe.ignore]
    if not samples:
        raise DatasetError(f"{recipe.corpus} has no labelled crop for {recipe.name}")
    labels = labels_of(samples, recipe)
    made_from = "\n".join(f"{one.path} {one.name} {one.region} {recipe.masked}" for one in samples)
    key = hashlib.sha256(made_from.encode()).hexdigest()[:12]
    side_px = recipe.side_px if recipe.cropping is None else samples[0].pixels().shape[0]
    kept = folder / f"{recipe.corpus}-{side_px}-{key}.npy"
    if not kept.exists():
        folder.mkdir(parents=True, exist_ok=True)
        shape = (len(samples), side_px, side_px, 3)
        with whole_file(kept) as partial:
            stored = np.lib.format.open_memmap(partial, "w+", np.uint8, shape)
            for index, sample in enumerate(samples):
                pixels = _cut_out(sample) if recipe.masked else sample.pixels()
                stored[index] = _square(pixels if recipe.cropping is None else balanced(pixels), side_px)
            stored.flush()
            del stored
        log.info("packed %d crops into %s", len(samples), kept)
    return Crops(np.load(kept, mmap_mode="r"), labels, _diameter_px(samples) if recipe.cropping is not None else 0.0)


def _diameter_px(samples: Sequence[Sample]) -> float:
    """A red cell in these pictures. Raises DatasetError where the corpus does not say."""
    known = {sample.diameter_px for sample in samples}
    if len(known) != 1 or (one := known.pop()) is None:
        raise DatasetError(f"{samples[0].corpus} is not of one known scale: leave `cropping` out of the recipe")
    return one


def _cut_out(sample: Sample) -> NDArray[np.uint8]:
    return np.where(sample.mask("rbc")[..., None], sample.pixels(), np.uint8(0))


def _square(pixels: NDArray[np.uint8], side_px: int) -> NDArray[np.uint8]:
    if pixels.shape[:2] == (side_px, side_px):
        return pixels
    smaller = pixels.shape[0] > side_px
    method = cv2.INTER_AREA if smaller else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, (side_px, side_px), interpolation=method), np.uint8)


@dataclass(frozen=True, slots=True, eq=False)
class CropBatches:
    """Batches (pixels (batch, 3, side, side) uint8, labels (batch,) int64)."""

    crops: Crops
    recipe: ClassificationRecipe

    @property
    def _shown(self) -> int:
        """Pictures an epoch: where originals are shown too, the second half is the changed ones."""
        return len(self.crops.labels) * (2 if self.recipe.augmentation.with_originals else 1)

    @property
    def epoch_steps(self) -> int:
        return chosen_steps(self._shown, self.recipe.batch, self.recipe.epoch_steps)

    def batch(self, step: int) -> Batch:
        """See Batches."""
        recipe, number = self.recipe, len(self.crops.labels)
        rng = np.random.default_rng((recipe.seed, 2, step))
        pixels, labels = [], []
        for shown in chosen(self._shown, recipe.batch, recipe.epoch_steps, (recipe.seed,), step):
            index = shown % number
            original = recipe.augmentation.with_originals and shown < number
            picture = np.asarray(self.crops.pixels[index])
            label = self.crops.labels[index]
            if (how := recipe.cropping) is not None:
                beside = how.empty is not None and rng.random() < how.empty_share
                pixels.append(self._cut(rng, picture, how, beside=beside))
                label = recipe.classes.index(how.empty) if beside and how.empty is not None else label
            else:
                pixels.append(picture if original else self._changed(rng, picture))
            labels.append(label)
        return _tensors(np.stack(pixels), np.array(labels, np.int64))

    def _cut(self, rng: np.random.Generator, picture: NDArray[np.uint8], how: CellCropping, *, beside: bool) -> Pixels:
        """The cell, or a place beside it, as some field might show it."""
        away, towards = rng.uniform(1.3, 1.9), rng.uniform(0.0, 2.0 * np.pi)
        shift = (away * np.cos(towards), away * np.sin(towards)) if beside else rng.normal(0.0, how.shift, 2).tolist()
        zoom = float(np.exp(np.clip(rng.normal(0.0, how.zoom), -2.5 * how.zoom, 2.5 * how.zoom)))
        view = View((shift[0], shift[1]), zoom, rng.uniform(0.0, 2.0 * np.pi), bool(rng.random() < 0.5))
        cut = _middle(picture, self.crops.diameter_px, self.recipe, view)
        if self.crops.palettes is not None and rng.random() < how.palette_share:
            cut = self.crops.palettes.shown(rng, cut)
        if rng.random() < how.smoothed:
            cut = smoothed(rng, cut)
        if rng.random() < how.rehued:
            cut = rehued(cut, float(rng.normal(0.0, HUE_RAD)))
        return reimaged(rng, cut) if self.recipe.augmentation.colours else cut

    def _changed(self, rng: np.random.Generator, picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
        kind = self.recipe.augmentation.kind
        if kind == "none":
            return picture
        patch = Patch(picture, *blank(picture))
        if kind == "turns":
            return turns(rng, patch, self.recipe.augmentation).pixels
        return augmented(rng, patch, Views(self.recipe.side_px)).pixels


def batches_in_order(crops: Crops, batch: int, recipe: ClassificationRecipe | None = None) -> list[Batch]:
    """All crops once, unchanged: as the device would cut them where the recipe says so."""

    def shown(first: int) -> NDArray[np.uint8]:
        pictures = np.asarray(crops.pixels[first : first + batch])
        if recipe is None or recipe.cropping is None:
            return pictures
        return np.stack([_middle(one, crops.diameter_px, recipe, STRAIGHT) for one in pictures])

    return [_tensors(shown(first), crops.labels[first : first + batch]) for first in range(0, len(crops.labels), batch)]


def _middle(picture: Pixels, diameter_px: float, recipe: ClassificationRecipe, view: View) -> Pixels:
    assert recipe.cropping is not None
    middle = (picture.shape[0] - 1) / 2.0
    return crop(picture, middle, middle, diameter_px, Cropping(recipe.side_px, recipe.cropping.diameters), view=view)


def _tensors(pixels: NDArray[np.uint8], labels: NDArray[np.int64]) -> Batch:
    return torch.from_numpy(np.array(pixels)).permute(0, 3, 1, 2).contiguous(), torch.from_numpy(labels)
