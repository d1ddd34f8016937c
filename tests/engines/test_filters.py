from __future__ import annotations

import numpy as np
import pytest

from engines.filters import filtered, laplace, wiener


def test_wiener_takes_noise_from_flat_parts_and_leaves_edges() -> None:
    clean = np.full((64, 64, 3), 60, np.float64)
    clean[:, 32:] = 200
    noisy = np.clip(clean + np.random.default_rng(0).normal(0, 8, clean.shape), 0, 255).astype(np.uint8)
    clear = wiener(noisy)
    assert clear.shape == noisy.shape
    assert clear.dtype == np.uint8
    inner = np.s_[8:-8, 8:24]
    assert clear[inner].std() < 0.6 * noisy[inner].std()
    assert clear[8:-8, 34].mean() - clear[8:-8, 29].mean() > 100


def test_it_is_the_filter_of_scipy() -> None:
    """Which is what DCED-Net's authors used."""
    signal = pytest.importorskip("scipy.signal", reason="compared with scipy: pip install hemocam[export]")
    pixels = np.random.default_rng(3).integers(0, 255, (40, 52, 3), dtype=np.uint8)
    wanted = np.stack([signal.wiener(pixels[..., index].astype(np.float64), (5, 5)) for index in range(3)], axis=2)
    assert np.abs(wiener(pixels).astype(float) - np.clip(wanted, 0, 255)).max() <= 0.51


def test_a_flat_picture_has_nothing_to_filter() -> None:
    flat = np.full((16, 16, 3), 77, np.uint8)
    assert np.array_equal(wiener(flat)[4:-4, 4:-4], flat[4:-4, 4:-4])
    assert np.array_equal(laplace(flat), flat)


def test_laplace_by_hand() -> None:
    """One brighter pixel: 110 - (4 * 100 - 4 * 110) = 150; its neighbours 100 - 10 = 90."""
    pixels = np.full((5, 5, 3), 100, np.uint8)
    pixels[2, 2] = 110
    found = laplace(pixels)
    assert found[2, 2].tolist() == [150] * 3
    assert found[1, 2].tolist() == found[2, 1].tolist() == [90] * 3
    assert found[1, 1].tolist() == [100] * 3


def test_steps_go_in_their_order() -> None:
    pixels = np.random.default_rng(1).integers(0, 255, (24, 24, 3), dtype=np.uint8)
    assert np.array_equal(filtered(pixels, ["wiener", "laplace"]), laplace(wiener(pixels)))
    assert not np.array_equal(filtered(pixels, ["laplace", "wiener"]), laplace(wiener(pixels)))
    assert np.array_equal(filtered(pixels, []), pixels)
