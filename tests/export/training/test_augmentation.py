from __future__ import annotations

import numpy as np
import pytest

from export.training.augmentation import augmented
from export.training.targets import CENTRE, RBC, Patch, blank, draw_centres

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
    crop = augmented(np.random.default_rng(0), patch(), side_px, zoom)
    assert crop.pixels.shape == (side_px, side_px, 3)
    assert crop.targets.shape == crop.known.shape == (side_px, side_px, 6)
    assert {crop.pixels.dtype, crop.targets.dtype, crop.known.dtype} == {np.dtype(np.uint8)}
    assert set(np.unique(crop.known)) <= {0, 1}


def test_a_seed_decides_everything() -> None:
    whole = patch()
    first, again, other = (augmented(np.random.default_rng(seed), whole, 96, 1.0) for seed in (5, 5, 6))
    for name in ("pixels", "targets", "known"):
        assert np.array_equal(getattr(first, name), getattr(again, name))
    assert not np.array_equal(first.pixels, other.pixels)


def test_the_patch_is_left_alone() -> None:
    whole = patch()
    before = [whole.pixels.copy(), whole.targets.copy(), whole.known.copy()]
    for seed in range(8):
        augmented(np.random.default_rng(seed), whole, 96, 1.0)
    for array, kept in zip((whole.pixels, whole.targets, whole.known), before, strict=True):
        assert np.array_equal(array, kept)


def test_blobs_and_discs_stay_on_the_cells() -> None:
    marked = 0
    for seed in range(24):
        crop = augmented(np.random.default_rng(seed), patch(), 96, 1.0)
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
        crop = augmented(np.random.default_rng(seed), small, 128, 1.0)
        inside = crop.known[..., 0] == 1
        unknown += int((~inside).sum())
        assert 0 < inside.sum() < 1.35**2 * 48**2 * 1.1
        assert not crop.targets[~inside].any() or crop.targets[~inside].max() < 255, seed
        assert (crop.known == crop.known[..., :1]).all()
        assert crop.pixels[~inside].mean() > 60, "mirrored, not black"
    assert unknown > 6 * 128**2 // 2


def test_what_nobody_labelled_stays_unknown() -> None:
    whole = patch()
    whole.known[..., RBC] = 0
    crop = augmented(np.random.default_rng(1), whole, 96, 1.0)
    assert not crop.known[..., RBC].any()
    assert crop.known[..., CENTRE].any()


def test_pictures_vary_in_colour_and_scale() -> None:
    crops = [augmented(np.random.default_rng(seed), patch(), 96, 1.0) for seed in range(24)]
    sizes = [
        float((crop.targets[..., CENTRE] > 128).sum() / max(1, (crop.targets[..., CENTRE] == 255).sum())) for crop in crops
    ]
    brightness = [float(np.median(crop.pixels)) for crop in crops]
    assert np.std(brightness) > 5
    assert len(set(sizes)) > 12
