from __future__ import annotations

import numpy as np
import pytest

from engines.cell_size import ratio_of
from export.training.augmentation import AS_IF_RIGHT, SCALES, Views, augmented, reimaged
from export.training.targets import CENTRE, PLT, RBC, SIZE, WBC, Patch, blank, draw_centres, draw_sizes

SIGMA_PX = 3.0


def patch(side_px: int = 240) -> Patch:
    """Dark dots on white at points far apart, each with a centre's blob and a red disc: marks that can be found again."""
    pixels = np.full((side_px, side_px, 3), 235, np.uint8)
    targets, known = blank(pixels)
    y, x = np.mgrid[:side_px, :side_px]
    at = [(px, py) for px in range(33, side_px, 48) for py in range(14, side_px, 48)]
    for px, py in at:
        near = np.hypot(x - px, y - py) < 7
        pixels[near], targets[near, RBC] = 40, 255
    draw_centres(targets[..., CENTRE], at, SIGMA_PX)
    return Patch(pixels, targets, known)


@pytest.mark.parametrize(("side_px", "zoom"), [(64, 1.0), (128, 0.6), (96, 2.0)])
def test_shapes_and_types(side_px: int, zoom: float) -> None:
    crop = augmented(np.random.default_rng(0), patch(), Views(side_px, zoom))
    assert crop.pixels.shape == (side_px, side_px, 3)
    assert crop.targets.shape == crop.known.shape == (side_px, side_px, 8)
    assert {crop.pixels.dtype, crop.targets.dtype, crop.known.dtype} == {np.dtype(np.uint8)}
    assert set(np.unique(crop.known)) <= {0, 1}


def test_a_seed_decides_everything() -> None:
    whole = patch()
    first, again, other = (augmented(np.random.default_rng(seed), whole, Views(96, 1.0)) for seed in (5, 5, 6))
    for name in ("pixels", "targets", "known"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.pixels, other.pixels)


def test_the_patch_is_left_alone() -> None:
    whole = patch()
    before = [whole.pixels.copy(), whole.targets.copy(), whole.known.copy()]
    for seed in range(8):
        augmented(np.random.default_rng(seed), whole, Views(96, 1.0))
    for array, kept in zip((whole.pixels, whole.targets, whole.known), before, strict=True):
        assert np.array_equal(array, kept)


def test_blobs_and_discs_stay_on_the_cells() -> None:
    marked = 0
    for seed in range(24):
        crop = augmented(np.random.default_rng(seed), patch(), Views(96, 1.0))
        certain = (crop.targets[..., CENTRE] > 200) & (crop.known[..., CENTRE] == 1)
        glass = (crop.targets[..., RBC] == 0) & (crop.known[..., RBC] == 1)
        if certain.sum() < 4 or glass.sum() < 50:
            continue
        marked += 1
        grey = crop.pixels.mean(axis=2)
        assert (crop.targets[..., RBC][certain] == 255).all(), seed
        assert np.median(grey[certain]) < np.median(grey[glass]) - 60, seed
    assert marked >= 20


def test_what_lies_outside_the_patch_is_mirrored_and_unknown() -> None:
    small = patch(48)
    unknown = 0
    for seed in range(6):
        crop = augmented(np.random.default_rng(seed), small, Views(128, 1.0))
        inside = crop.known[..., 0] == 1
        unknown += int((~inside).sum())
        assert 0 < inside.sum() < 1.35**2 * 48**2 * 1.1
        assert not crop.targets[~inside].any() or crop.targets[~inside].max() < 255, seed
        assert (crop.known[..., :SIZE] == crop.known[..., :1]).all()
        assert crop.pixels[~inside].mean() > 60, "mirrored, not black"
    assert unknown > 6 * 128**2 // 2


def test_what_nobody_labelled_stays_unknown() -> None:
    whole = patch()
    whole.known[..., RBC] = 0
    crop = augmented(np.random.default_rng(1), whole, Views(96, 1.0))
    assert not crop.known[..., RBC].any()
    assert crop.known[..., CENTRE].any()


def test_pictures_vary_in_colour_and_scale() -> None:
    crops = [augmented(np.random.default_rng(seed), patch(), Views(96, 1.0)) for seed in range(24)]
    sizes = [
        float((crop.targets[..., CENTRE] > 128).sum() / max(1, (crop.targets[..., CENTRE] == 255).sum())) for crop in crops
    ]
    brightness = [float(np.median(crop.pixels)) for crop in crops]
    assert np.std(brightness) > 5
    assert len(set(sizes)) > 12


def test_a_wide_view_says_the_size_that_it_shows_and_no_more_than_that() -> None:
    """Cells of 14 px, told at 28 px: each crop's disc is as large as its size says."""
    whole = patch()
    at = [(px, py, 14.0) for px in range(33, 240, 48) for py in range(14, 240, 48)]
    draw_sizes(whole.targets, whole.known, at, 28.0)
    seen = []
    for seed in range(40):
        crop = augmented(np.random.default_rng(seed), whole, Views(96, 1.0, 28.0, wide_share=0.999))
        said = (crop.known[..., SIZE] == 1) & (crop.targets[..., RBC] == 255)
        if said.sum() < 20:
            continue
        ratio = float(np.median(ratio_of(crop.targets[..., SIZE][said].astype(np.float32) / np.float32(255.0))))
        seen.append(ratio)
        others = [channel for channel in range(crop.known.shape[2]) if channel not in (RBC, WBC, SIZE)]
        if abs(np.log(ratio / 0.5)) > np.log(AS_IF_RIGHT) + 0.05:
            assert not crop.known[..., others].any(), seed
        if abs(np.log(ratio / 0.5)) < np.log(AS_IF_RIGHT) - 0.05:
            assert crop.known[..., PLT].any(), seed
    assert min(seen) < 0.5 * 0.6 and max(seen) > 0.5 * 1.8
    assert all(0.5 * SCALES[0] * 0.9 < ratio < 0.5 * SCALES[1] * 1.1 for ratio in seen)


def test_litter_lies_beside_the_cells() -> None:
    changed = 0
    for seed in range(20):
        plain, dirty = (
            augmented(np.random.default_rng(seed), patch(), Views(96, 1.0, 14.0, litter=litter)) for litter in (0.0, 1.0)
        )
        assert np.array_equal(plain.targets, dirty.targets) and np.array_equal(plain.known, dirty.known)
        changed += not np.array_equal(plain.pixels, dirty.pixels)
    assert changed == 20


def test_a_picture_of_any_shape_is_seen_through_another_lens() -> None:
    picture = np.random.default_rng(0).integers(0, 255, (60, 90, 3), dtype=np.uint8)
    made = [reimaged(np.random.default_rng(seed), picture) for seed in range(30)]
    assert {one.shape for one in made} == {(60, 90, 3)}
    assert len({one.tobytes() for one in made}) == 30
