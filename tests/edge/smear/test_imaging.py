"""From absorbed light to pixels."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.smear.imaging import Imaging, expose, sense

PLAIN = Imaging(shading=0.0, vignetting=0.0, defocus_um=0.0, noise=0.0, jpeg_quality=None)
EMPTY = np.zeros((120, 160, 3), np.float32)


def spot(density: float = 1.0, side_px: int = 20) -> np.ndarray:
    made = EMPTY.copy()
    made[60 - side_px // 2 : 60 + side_px // 2, 80 - side_px // 2 : 80 + side_px // 2] = density
    return made


def taken(density: np.ndarray, imaging: Imaging, seed: int = 0) -> np.ndarray:
    return expose(density, imaging, 0.2, np.random.default_rng(seed))


def edge_width_px(pixels: np.ndarray) -> int:
    row = pixels[60, 40:80, 1].astype(int)
    low, high = row.min(), row.max()
    return int(((row > low + 0.1 * (high - low)) & (row < high - 0.1 * (high - low))).sum())


def test_empty_glass_has_the_lamps_colour() -> None:
    pixels = taken(EMPTY, replace(PLAIN, lamp=(0.9, 0.8, 0.7)))
    assert pixels.dtype == np.uint8
    assert pixels.shape == (120, 160, 3)
    np.testing.assert_array_equal(pixels.reshape(-1, 3), np.full((120 * 160, 3), (230, 204, 179)))


@pytest.mark.parametrize("density", [0.1, 0.35, 1.5])
def test_light_falls_as_the_exponential_of_the_density(density: float) -> None:
    pixels = taken(spot(density), replace(PLAIN, lamp=(1.0, 1.0, 1.0)))
    assert int(pixels[60, 80, 1]) == pytest.approx(255.0 * np.exp(-density), abs=1.0)


@pytest.mark.parametrize("imaging", [Imaging(), Imaging.random(np.random.default_rng(5))], ids=["default", "random"])
def test_a_seed_takes_the_same_picture_again(imaging: Imaging) -> None:
    np.testing.assert_array_equal(taken(spot(), imaging), taken(spot(), imaging))
    assert bool((taken(spot(), imaging, 1) != taken(spot(), imaging, 2)).any())


def test_defocus_widens_edges() -> None:
    widths = [edge_width_px(taken(spot(), replace(PLAIN, defocus_um=um))) for um in (0.0, 0.4, 1.0)]
    assert widths == sorted(set(widths))


def test_motion_blurs_along_its_way_only() -> None:
    across = taken(spot(), replace(PLAIN, motion_um=2.0, motion_angle=0.0))
    along = taken(spot(), replace(PLAIN, motion_um=2.0, motion_angle=np.pi / 2))
    assert edge_width_px(across) > edge_width_px(along)
    np.testing.assert_allclose(across.transpose(1, 0, 2)[20:140, :, :][:, :, 1].mean(), along[..., 1].mean(), rtol=0.05)


def test_light_falls_towards_the_corners() -> None:
    pixels = taken(EMPTY, replace(PLAIN, vignetting=0.3)).astype(int)
    assert pixels[0, 0, 1] < pixels[60, 80, 1] - 30
    slanted = taken(EMPTY, replace(PLAIN, shading=0.2, shading_angle=0.0)).astype(int)
    assert slanted[60, 159, 1] > slanted[60, 0, 1] + 20


def test_noise_is_as_large_as_asked() -> None:
    pixels = taken(np.full((200, 200, 3), np.log(2.0), np.float32), replace(PLAIN, lamp=(1.0, 1.0, 1.0), noise=0.02))
    assert float(pixels.std()) / 255.0 == pytest.approx(0.02, rel=0.05)


def test_more_light_gives_more_noise() -> None:
    bright, dark = (taken(np.full((100, 100, 3), d, np.float32), replace(PLAIN, noise=0.02)).std() for d in (0.1, 2.0))
    assert bright > 1.5 * dark


def test_the_pointer_is_dark() -> None:
    pixels = taken(EMPTY, replace(PLAIN, pointer=(0.0, 0.5, 1.0, 0.5)))
    assert float(pixels[60].mean()) < 0.2 * float(pixels[20].mean())


def test_jpeg_loses_little() -> None:
    exact, coded = taken(spot(0.4), PLAIN).astype(int), taken(spot(0.4), replace(PLAIN, jpeg_quality=95)).astype(int)
    assert 0 < float(np.abs(exact - coded).mean()) < 2.0


def test_random_cameras_give_light_that_is_neither_black_nor_burnt_out() -> None:
    rng = np.random.default_rng(2)
    for _ in range(25):
        pixels = taken(spot(0.4), replace(Imaging.random(rng), pointer=None))
        # Vignetting, shading, gamma and exposure together; the gate refuses below a tenth of the range.
        assert 25 < float(np.median(pixels[..., 1])) <= 255


@pytest.mark.parametrize("height_px", [1, 32, 45, 64])
def test_the_sensor_does_by_rows_what_the_formula_says(height_px: int) -> None:
    """Shot noise grows with the root of the light; to the last bit, so that a seed keeps its frames."""
    light = np.random.default_rng(3).uniform(0.0, 1.2, (height_px, 50, 3)).astype(np.float32)
    imaging = Imaging(noise=0.02, jpeg_quality=None)
    noise = np.random.default_rng(4).standard_normal(light.shape, dtype=np.float32)
    expected = light + noise * imaging.noise * np.sqrt(np.clip(light, 0.02, 1.0) * 2.0)
    pixels = sense(light, imaging, np.random.default_rng(4))
    np.testing.assert_array_equal(pixels, np.clip(expected * 255.0 + 0.5, 0.0, 255.0).astype(np.uint8))
