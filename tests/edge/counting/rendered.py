"""Probability maps and frames rendered from discs, with known truth."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import ClassMaps

DIAMETER_PX = 28.0
OUTLINE_PX = 1.7


def maps_of(
    centres: list[tuple[float, float]],
    shape: tuple[int, int] = (160, 200),
    diameter_px: float = DIAMETER_PX,
    plain: bool = False,
) -> ClassMaps:
    """Maps of discs at (x, y); of two that overlap the earlier lies on top. `plain` leaves outline and centre out."""
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    foreground, outline, centre = (np.zeros(shape, dtype=np.float32) for _ in range(3))
    for cx, cy in reversed(centres):
        distance = np.hypot(x - cx, y - cy)
        foreground = np.maximum(foreground, np.clip(diameter_px / 2.0 - distance + 0.5, 0.0, 1.0))
        rim = np.clip(OUTLINE_PX / 2.0 + 0.5 - np.abs(distance - diameter_px / 2.0 + 0.3), 0.0, 1.0)
        outline = np.where(distance < diameter_px / 2.0 - 1.0, rim, np.maximum(outline, rim))
        centre = np.maximum(centre, np.exp(-(distance**2) / (2.0 * (0.12 * diameter_px) ** 2)))
    maps = [np.asarray(one, dtype=np.float32) for one in (foreground, outline, centre)]
    return ClassMaps(maps[0]) if plain else ClassMaps(*maps)


def scattered(
    seed: int, count: int, shape: tuple[int, int], diameter_px: float, gap_ratio: float, *, margin_ratio: float = 0.6
) -> list[tuple[float, float]]:
    """Up to `count` centres no closer than `gap_ratio` diameters, `margin_ratio` diameters inside the frame."""
    rng = np.random.default_rng(seed)
    margin = margin_ratio * diameter_px
    centres: list[tuple[float, float]] = []
    for _ in range(3000):
        x, y = rng.uniform(margin, shape[1] - 1 - margin), rng.uniform(margin, shape[0] - 1 - margin)
        if all(np.hypot(x - a, y - b) > gap_ratio * diameter_px for a, b in centres):
            centres.append((float(x), float(y)))
        if len(centres) == count:
            break
    return centres


def frame_of(
    centres: list[tuple[float, float]],
    shape: tuple[int, int],
    diameter_px: float,
    white: list[tuple[float, float]] | None = None,
    seed: int = 0,
) -> NDArray[np.uint8]:
    """An RGB frame of red cells with pale middles, and of white cells twice as wide, on a vignetted, noisy background."""
    height, width = shape
    y, x = np.mgrid[:height, :width].astype(np.float32)
    light = np.ones((height, width, 3), dtype=np.float32)
    tint = np.array([0.03, 0.35, 0.25], dtype=np.float32)
    for cx, cy in centres:
        part = _window(cx, cy, diameter_px, shape)
        distance = np.hypot(x[part] - cx, y[part] - cy)
        pallor = 1.0 - 0.6 * np.exp(-((distance / (0.17 * diameter_px)) ** 2))
        thick = np.clip(diameter_px / 2.0 - distance + 0.5, 0.0, 1.0) * pallor
        light[part] *= 1.0 - thick[..., None] * tint
    for cx, cy in white or []:
        part = _window(cx, cy, 2.0 * diameter_px, shape)
        distance = np.hypot(x[part] - cx, y[part] - cy)
        body = np.clip(diameter_px - distance + 0.5, 0.0, 1.0)[..., None]
        nucleus = np.clip(0.75 * diameter_px - distance + 0.5, 0.0, 1.0)[..., None]
        light[part] *= (1.0 - body * np.array([0.15, 0.25, 0.05])) * (1.0 - nucleus * np.array([0.55, 0.7, 0.3]))
    vignette = 1.0 - 0.12 * ((x / width - 0.5) ** 2 + (y / height - 0.5) ** 2)
    noise = np.random.default_rng(seed).normal(0.0, 2.0, light.shape)
    seen = np.array([215.0, 210.0, 205.0]) * light * vignette[..., None] + noise
    return np.asarray(np.clip(seen, 0, 255), dtype=np.uint8)


def _window(cx: float, cy: float, diameter_px: float, shape: tuple[int, int]) -> tuple[slice, slice]:
    reach = diameter_px / 2.0 + 3.0
    rows = slice(max(0, int(cy - reach)), min(shape[0], int(cy + reach) + 1))
    return rows, slice(max(0, int(cx - reach)), min(shape[1], int(cx + reach) + 1))
