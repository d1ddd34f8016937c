from __future__ import annotations

import numpy as np

from export.training.litter import grounded, littered


def glass() -> tuple[np.ndarray, np.ndarray]:
    picture = np.full((96, 96, 3), 0.9, np.float32)
    empty = np.zeros((96, 96), np.bool_)
    empty[:, 48:] = True
    return picture, empty


def test_things_lie_on_empty_glass_alone_and_darken_it() -> None:
    changed = 0
    for seed in range(20):
        picture, empty = glass()
        made = littered(np.random.default_rng(seed), picture, empty, 28.0)
        assert made.dtype == np.float32
        assert np.array_equal(made[:, :48], picture[:, :48]), seed
        assert (made <= picture + 1e-6).all()
        changed += bool((made < 0.85).any())
    assert changed >= 15


def test_without_empty_glass_nothing_is_laid_down() -> None:
    picture, _ = glass()
    made = littered(np.random.default_rng(0), picture, np.zeros((96, 96), np.bool_), 28.0)
    assert np.array_equal(made, picture)


def test_a_ground_is_mottled_and_as_bright_as_before() -> None:
    picture, _ = glass()
    made = grounded(np.random.default_rng(3), picture)
    assert made.std() > 0.005
    assert abs(float(made.mean()) - 0.9) < 0.05
