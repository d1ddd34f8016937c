# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from engines.prepare import Preparation, white_balance
from export.datasets import read_corpus
from export.datasets.sample import MaskFile, Sample
from export.training.labelled_masks import from_masks
from export.training.packing import pack_samples
from export.training.pixel_data import chosen, chosen_steps, labelled, patches_of, training_batches, validation_batches
from export.training.recipes import Phase
from export.training.targets import CHANNELS, OUTLINE, PLT, RBC
from tests.export.training import tiny
from tests.export.training.fields import disc_mask, drawn, grid, saved

CELLS = grid(4, 3, 50.0, 40.0)


def samples(data: Path, split: str, edges: bool = False) -> list[Sample]:
    return [one for one in read_corpus("folder-masks", tiny.masks(data, edges) / "folder-masks") if one.split == split]


def field(folder: Path) -> Sample:
    folder.mkdir(exist_ok=True)
    masks = {"rbc": MaskFile(saved(folder, "mask", disc_mask(CELLS, 180, 230)))}
    return Sample("drawn", "train", "one", saved(folder, "field", drawn(CELLS, 180, 230)), masks=masks)


def test_a_pass_shows_every_picture_once_and_each_pass_in_another_order() -> None:
    passes = [[chosen(7, 3, None, (1,), step) for step in range(first, first + 3)] for first in (0, 3)]
    assert [[len(batch) for batch in one] for one in passes] == [[3, 3, 1]] * 2
    flat = [list(chain.from_iterable(one)) for one in passes]
    assert sorted(flat[0]) == sorted(flat[1]) == list(range(7))
    assert flat[0] != flat[1]
    assert chosen(7, 3, None, (1,), 4) == passes[1][1], "a function of the step alone"
    assert chosen_steps(7, 3, None) == 3


def test_a_number_of_steps_draws_at_random() -> None:
    drawn_ones = list(chain.from_iterable(chosen(5, 8, 10, (2,), step) for step in range(50)))
    assert len(drawn_ones) == 400
    assert np.bincount(drawn_ones, minlength=5).min() > 50
    assert chosen(5, 8, 10, (2,), 4) != chosen(5, 8, 10, (3,), 4)
    assert chosen_steps(5, 8, 10) == 10


def test_small_pictures_are_resized_and_know_what_has_a_mask(tmp_path: Path) -> None:
    recipe = tiny.segmentation(side_px=48)
    patches = patches_of(samples(tmp_path, "train", edges=True), recipe, tmp_path / "packed")
    assert len(patches) == 5
    patch = patches[0]
    assert patch.pixels.shape == (48, 48, 3)
    assert patch.targets.shape == patch.known.shape == (48, 48, len(CHANNELS))
    inside = patch.targets[..., RBC] == 255
    assert 0.05 < inside.mean() < 0.5
    assert patch.pixels[inside].max() < 120 < patch.pixels[patch.targets[..., RBC] == 0].min()
    assert patch.targets[..., OUTLINE].any()
    assert patch.known[..., [RBC, OUTLINE]].all()
    assert not patch.known[..., PLT].any()
    assert not (tmp_path / "packed").exists(), "read when they are needed"
    plain = patches_of(samples(tmp_path / "bare", "train"), recipe, tmp_path / "packed")[0]
    assert not plain.known[..., OUTLINE].any(), "nobody drew outlines"


def test_preprocessing_is_done_to_the_pixels_alone(tmp_path: Path) -> None:
    found = samples(tmp_path, "train")
    raw = patches_of(found, tiny.segmentation(), tmp_path)[0]
    filtered = patches_of(found, tiny.segmentation(filters=["wiener", "laplace"]), tmp_path)[0]
    assert not np.array_equal(raw.pixels, filtered.pixels)
    assert np.array_equal(raw.targets, filtered.targets)


def test_fields_are_packed_at_the_scale_of_their_cells_and_balanced(tmp_path: Path) -> None:
    sample = field(tmp_path / "fields")
    (patch,) = pack_samples([sample], 20.0, tmp_path / "packed")
    bare = from_masks(sample, 20.0)
    assert patch.pixels.shape == pytest.approx((90, 115, 3), abs=2)
    assert np.array_equal(patch.pixels, white_balance(bare.pixels, Preparation(20.0)))
    assert np.array_equal(patch.targets, bare.targets)
    sample.path.unlink()
    (again,) = pack_samples([sample], 20.0, tmp_path / "packed")
    assert np.array_equal(again.pixels, patch.pixels), "made once"


def test_batches_are_a_function_of_the_step(tmp_path: Path) -> None:
    recipe = tiny.segmentation(
        side_px=None,
        cell_diameter_px=20.0,
        crop_px=48,
        channels=["rbc", "rbc_outline"],
        epoch_steps=4,
        augmentation={"kind": "field"},
    )
    batches = training_batches(patches_of([field(tmp_path / "fields")], recipe, tmp_path / "packed"), recipe, 0)
    assert batches.epoch_steps == 4
    pixels, targets, known = batches.batch(6)
    assert pixels.shape == (2, 3, 48, 48)
    assert targets.shape == known.shape == (2, 2, 48, 48)
    assert {one.dtype for one in (pixels, targets, known)} == {torch.uint8}
    assert all(torch.equal(one, two) for one, two in zip(batches.batch(6), (pixels, targets, known), strict=True))
    assert not torch.equal(batches.batch(7)[0], pixels)


def test_a_phase_may_teach_one_plane_twice(tmp_path: Path) -> None:
    recipe = tiny.segmentation(
        channels=["rbc", "rbc_outline"], phases=[{"epochs": 1, "targets": ["rbc", "rbc"]}, {"epochs": 1}]
    )
    patches = patches_of(samples(tmp_path, "train", edges=True), recipe, tmp_path)
    first, second = (training_batches(patches, recipe, phase).batch(0)[1] for phase in (0, 1))
    assert torch.equal(first[:, 0], first[:, 1])
    assert not torch.equal(second[:, 0], second[:, 1])


def test_validation_is_the_same_every_time_and_unchanged(tmp_path: Path) -> None:
    recipe = tiny.segmentation(val_crops=9)
    patches = patches_of(samples(tmp_path, "val"), recipe, tmp_path)
    (one,), (two,) = validation_batches(patches, recipe, 0), validation_batches(patches, recipe, 0)
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))
    assert torch.equal(one[0][0].permute(1, 2, 0), torch.from_numpy(patches[0].pixels))
    assert len(one[0]) == 2, "small pictures are shown once"
    assert validation_batches(None, recipe, 0) == []


def test_which_samples_a_phase_can_use(tmp_path: Path) -> None:
    with_edge, without = samples(tmp_path / "a", "train", edges=True)[0], samples(tmp_path / "b", "train")[0]
    outlined = Phase(epochs=1, only_with="rbc_outline")
    assert labelled(with_edge, outlined)
    assert not labelled(without, outlined)
    assert labelled(without, Phase(epochs=1))
    assert not labelled(replace(without, masks={}), Phase(epochs=1)), "Im024 of ALL-IDB1 has a count alone"
