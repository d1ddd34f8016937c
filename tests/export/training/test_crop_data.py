# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training needs PyTorch: pip install hemocam[export]")
pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.datasets import read_corpus
from export.datasets.sample import DatasetError, MaskFile, Sample
from export.training.crop_data import CropBatches, Crops, batches_in_order, labels_of, pack_crops, rehued, smoothed
from export.training.recipes import ClassificationRecipe
from tests.export.training import tiny


def samples(data: Path) -> list[Sample]:
    return [one for one in read_corpus("folder-classes", tiny.crops(data) / "folder-classes") if one.split == "train"]


def numbered(count: int, side_px: int = 32) -> Crops:
    """Crops that are all of one grey, each of its own."""
    pixels = np.arange(count, dtype=np.uint8)[:, None, None, None] * np.ones((1, side_px, side_px, 3), np.uint8)
    return Crops(pixels, np.arange(count, dtype=np.int64) % 2)


def test_crops_are_packed_once_and_read_from_the_disk(tmp_path: Path) -> None:
    found = samples(tmp_path)
    crops = pack_crops(found, tiny.classification(), tmp_path / "packed")
    assert isinstance(crops.pixels, np.memmap)
    assert crops.pixels.shape == (10, 32, 32, 3)
    assert crops.labels.tolist() == [0] * 5 + [1] * 5
    assert all(np.array_equal(crops.pixels[index], sample.pixels()) for index, sample in enumerate(found))
    assert [path.suffix for path in (tmp_path / "packed").iterdir()] == [".npy"], "nothing partial stays"
    for sample in found:
        sample.path.unlink()
    assert np.array_equal(pack_crops(found, tiny.classification(), tmp_path / "packed").pixels, crops.pixels)


def test_crops_of_another_size_are_resized(tmp_path: Path) -> None:
    assert pack_crops(samples(tmp_path), tiny.classification(side_px=48), tmp_path / "packed").pixels.shape == (10, 48, 48, 3)


def test_a_cell_is_cut_out_by_its_mask(tmp_path: Path) -> None:
    mask = np.zeros((32, 32), np.uint8)
    mask[8:24, 8:24] = 255
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    found = [replace(one, masks={"rbc": MaskFile(tmp_path / "mask.png")}) for one in samples(tmp_path)]
    cut = pack_crops(found, tiny.classification(masked=True), tmp_path / "packed").pixels[0]
    whole = pack_crops(found, tiny.classification(), tmp_path / "packed").pixels[0]
    assert not cut[mask == 0].any()
    assert np.array_equal(cut[mask > 0], whole[mask > 0])


def test_labels_outside_the_classes(tmp_path: Path) -> None:
    found = samples(tmp_path)
    odd = replace(found[0], label="purple")
    with pytest.raises(DatasetError, match=r"0\.png: dark/0 is labelled 'purple', which is no class of tiny"):
        labels_of([odd, *found[1:]], tiny.classification())
    kept = pack_crops([odd, *found[1:]], tiny.classification(ignore=["purple"]), tmp_path / "packed")
    assert len(kept.labels) == 9
    with pytest.raises(DatasetError, match="no labelled crop"):
        pack_crops([odd], tiny.classification(ignore=["purple"]), tmp_path / "packed")


def test_an_epoch_shows_every_crop_once() -> None:
    batches = CropBatches(numbered(7), tiny.classification(augmentation={"kind": "none"}, batch=3))
    assert batches.epoch_steps == 3
    shown = torch.cat([batches.batch(step)[0][:, 0, 0, 0] for step in range(3)])
    assert sorted(shown.tolist()) == list(range(7))
    pixels, labels = batches.batch(4)
    assert pixels.shape == (3, 3, 32, 32)
    assert labels.tolist() == [int(grey) % 2 for grey in pixels[:, 0, 0, 0]]
    assert torch.equal(batches.batch(4)[0], pixels)


def test_originals_are_shown_beside_the_changed_ones() -> None:
    """Elsafty et al.: the perturbed images were added to the original training data."""
    rng = np.random.default_rng(0)
    crops = Crops(rng.integers(0, 255, (6, 32, 32, 3), dtype=np.uint8), np.zeros(6, np.int64))
    recipe = tiny.classification(augmentation={"kind": "turns", "rotation_degrees": 36, "with_originals": True}, batch=4)
    batches = CropBatches(crops, recipe)
    assert batches.epoch_steps == 3
    shown = torch.cat([batches.batch(step)[0] for step in range(3)]).permute(0, 2, 3, 1).numpy()
    assert len(shown) == 12
    as_they_are = [sum(np.array_equal(one, picture) for one in shown) for picture in crops.pixels]
    assert as_they_are == [1] * 6


def test_judging_takes_all_in_their_order() -> None:
    batches = batches_in_order(numbered(5), 2)
    assert [len(labels) for _, labels in batches] == [2, 2, 1]
    assert torch.cat([pixels[:, 0, 0, 0] for pixels, _ in batches]).tolist() == list(range(5))


def pictures(number: int = 6) -> Crops:
    """A dark cell in the middle of pictures of 60 px, red cells of 20."""
    pixels = np.full((number, 60, 60, 3), 230, np.uint8)
    pixels[:, 20:40, 20:40] = 60
    return Crops(pixels, np.zeros(number, np.int64), 20.0)


def cell_recipe(**cropping: object) -> ClassificationRecipe:
    return tiny.classification(cropping={"diameters": 2.0, **cropping}, augmentation={"kind": "turns"}, batch=6)


def test_cells_are_cut_at_their_scale_and_judged_as_the_device_cuts_them() -> None:
    ((pixels, _),) = batches_in_order(pictures(), 6, cell_recipe())
    assert pixels.shape == (6, 3, 32, 32)
    assert (pixels[0, 0] < 145).float().mean() == pytest.approx(0.25, abs=0.05), "half as wide as the crop"
    shown, labels = CropBatches(pictures(), cell_recipe()).batch(0)
    assert labels.tolist() == [0] * 6
    assert (shown < 145).float().mean(dim=(1, 2, 3)) == pytest.approx(0.25, abs=0.16)
    assert not torch.equal(shown[0], shown[1])


def test_a_place_beside_the_cell_is_the_empty_class() -> None:
    batches = CropBatches(pictures(), cell_recipe(empty="pale", empty_share=0.49))
    shown = [batches.batch(step) for step in range(12)]
    middles = torch.cat([pixels[:, 0, 14:18, 14:18].float().mean(dim=(1, 2)) for pixels, _ in shown])
    labels = torch.cat([labels for _, labels in shown])
    assert 0.3 < labels.float().mean() < 0.7
    assert middles[labels == 0].mean() < 100
    assert middles[labels == 1].mean() > 200


def test_a_corpus_of_no_known_scale_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DatasetError, match="not of one known scale"):
        pack_crops(samples(tmp_path), cell_recipe(), tmp_path / "packed")


def test_smoothing_takes_texture_and_leaves_edges() -> None:
    rng = np.random.default_rng(0)
    cell = np.full((64, 64, 3), 220, np.uint8)
    cell[16:48, 16:48] = np.clip(90 + rng.normal(0, 8, (32, 32, 3)), 0, 255)
    found = smoothed(rng, cell)
    assert found[20:44, 20:44].std() < 0.6 * cell[20:44, 20:44].std()
    assert abs(int(found[32, 10, 0]) - 220) < 4
    assert abs(int(found[32, 32, 0]) - 90) < 12


def test_hues_turn_and_grey_stays() -> None:
    pixels = np.array([[[150, 60, 150], [128, 128, 128]]], np.uint8)
    turned = rehued(pixels, 0.5)
    assert abs(turned[0, 1].astype(int) - 128).max() <= 2
    assert abs(turned[0, 0].astype(int) - pixels[0, 0].astype(int)).max() > 15
    assert abs(rehued(turned, -0.5)[0, 0].astype(int) - pixels[0, 0].astype(int)).max() <= 4
