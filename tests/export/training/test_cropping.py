from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="training needs scipy: pip install hemocam[export]")

from export.training import cropping
from export.training.cropping import cropper, do_unet_steps, plain, turned
from export.training.recipes import Augmentation
from export.training.targets import Patch

KINDS = [
    Augmentation(), Augmentation(kind="field"), Augmentation(kind="turns"), Augmentation(kind="do-unet"),
    Augmentation(kind="turns", rotation_degrees=36, colours=True),
]  # fmt: skip


def patch(height: int = 60, width: int = 80, planes: int = 2) -> Patch:
    """A dark square off the middle, which the targets mark; the second plane is known on the left alone."""
    pixels = np.full((height, width, 3), 220, np.uint8)
    targets, known = np.zeros((height, width, planes), np.uint8), np.ones((height, width, planes), np.uint8)
    pixels[10:40, 20:45] = 60
    targets[10:40, 20:45, 0] = 255
    known[:, width // 2 :, -1] = 0
    return Patch(pixels, targets, known)


@pytest.mark.parametrize("augmentation", KINDS, ids=str)
@pytest.mark.parametrize("planes", [1, 2, 6])
@pytest.mark.parametrize("side_px", [32, 96])
def test_every_way_gives_squares_of_one_shape(augmentation: Augmentation, planes: int, side_px: int) -> None:
    whole = patch(planes=planes)
    before = [array.copy() for array in (whole.pixels, whole.targets, whole.known)]
    crop, again = (cropper(augmentation)(np.random.default_rng(5), whole, side_px) for _ in range(2))
    assert crop.pixels.shape == (side_px, side_px, 3)
    assert crop.targets.shape == crop.known.shape == (side_px, side_px, planes)
    for name in ("pixels", "targets", "known"):
        assert getattr(crop, name).dtype == np.uint8
        assert np.array_equal(getattr(crop, name), getattr(again, name)), "a seed decides everything"
    assert all(np.array_equal(one, two) for one, two in zip(before, (whole.pixels, whole.targets, whole.known), strict=True))


@pytest.mark.parametrize("augmentation", KINDS, ids=str)
def test_targets_stay_on_the_cells(augmentation: Augmentation) -> None:
    for seed in range(12):
        crop = cropper(augmentation)(np.random.default_rng(seed), patch(), 48)
        cell, glass = crop.targets[..., 0] > 250, (crop.targets[..., 0] == 0) & (crop.known[..., 0] == 1)
        if cell.sum() > 30 and glass.sum() > 30:
            grey = crop.pixels.mean(axis=2)
            assert np.median(grey[cell]) < np.median(grey[glass]) - 50, seed


def test_a_plain_crop_is_cut_out_of_the_patch() -> None:
    whole = patch()
    crop = plain(np.random.default_rng(2), whole, 40)
    found = [
        (top, left)
        for top in range(21)
        for left in range(41)
        if np.array_equal(whole.pixels[top : top + 40, left : left + 40], crop.pixels)
    ]
    assert found
    assert any(np.array_equal(whole.known[t : t + 40, le : le + 40], crop.known) for t, le in found)


def test_what_lies_outside_a_small_patch_is_mirrored_and_unknown() -> None:
    crop = plain(np.random.default_rng(0), patch(20, 24), 32)
    assert crop.known[6:26, 4:28].any()
    assert not crop.known[:6].any() and not crop.known[26:].any() and not crop.known[:, :4].any()
    assert crop.pixels.min() >= 60, "mirrored, not black"


def test_flips_alone_are_one_of_four() -> None:
    whole = patch(16, 16)
    whole.pixels[:] = np.arange(16 * 16 * 3, dtype=np.uint32).reshape(16, 16, 3) % 251
    seen = set()
    for seed in range(40):
        found = turned(np.random.default_rng(seed), whole, 0.0).pixels
        one = next((y, x) for y in (1, -1) for x in (1, -1) if np.array_equal(found, whole.pixels[::y, ::x]))
        seen.add(one)
    assert len(seen) == 4


def test_rotation_stays_within_its_degrees() -> None:
    """A bar that points right: where it points after a turn (a flip turns it round, so modulo 180)."""
    pixels = np.full((81, 81, 3), 255, np.uint8)
    pixels[39:42, 10:71] = 0
    nothing = np.zeros((81, 81, 1), np.uint8)
    angles = []
    for seed in range(60):
        dark = np.argwhere(turned(np.random.default_rng(seed), Patch(pixels, nothing, nothing), 36.0).pixels[..., 0] < 100)
        middle = dark[np.hypot(*(dark - 40).T) < 28] - 40
        _, axes = np.linalg.eigh(np.cov(middle.T))
        angles.append((np.degrees(np.arctan2(axes[0, 1], axes[1, 1])) + 90) % 180 - 90)
    assert 28 < max(np.abs(angles)) < 37.5
    assert min(angles) < -15 < 15 < max(angles)


def test_the_eight_steps_skip_slices_without_a_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = patch(400, 400)
    blank = Patch(whole.pixels, np.zeros_like(whole.targets), whole.known)
    with_cells = sum(bool(do_unet_steps(np.random.default_rng(seed), whole, 40).targets.any()) for seed in range(30))
    without = sum(bool(plain(np.random.default_rng(seed), whole, 40).targets.any()) for seed in range(30))
    assert with_cells > without + 3
    assert not do_unet_steps(np.random.default_rng(0), blank, 40).targets.any(), "after some tries one without is taken"
    monkeypatch.setattr(cropping, "_TRIES", 1)
    assert sum(bool(do_unet_steps(np.random.default_rng(seed), whole, 40).targets.any()) for seed in range(30)) < with_cells


def test_the_eight_steps_blur_and_recolour() -> None:
    rng = np.random.default_rng(0)
    whole = patch(96, 96)
    whole.pixels[:] = rng.integers(0, 255, whole.pixels.shape)
    sharp = float(np.abs(np.diff(whole.pixels.astype(float), axis=1)).mean())
    changed = [do_unet_steps(np.random.default_rng(seed), whole, 64).pixels for seed in range(12)]
    assert all(np.abs(np.diff(one.astype(float), axis=1)).mean() < 0.8 * sharp for one in changed)
    assert np.std([one.mean() for one in changed]) > 4
