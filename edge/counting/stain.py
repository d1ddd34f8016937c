"""What is stained in a frame: red cells as a mask, by colour alone and without a network."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.masks import Mask, above, below, both

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]

LEAST_CONTRAST = 0.02
"""Cells absorb 10 to 50 % of the green light; below this share the two sides of the threshold are one noisy background."""
LEAST_SHARE = 0.002
"""Of the field: fewer or more cells than that leave nothing to compare."""
TILES = (6, 8)
NUCLEUS_SHARE = 0.8
"""A nucleus lets through less than this share of the red light that a red cell does (measured: 0.4-0.75)."""


def three_class_otsu(histogram: NDArray[np.float64]) -> tuple[int, int]:
    """Last bins of the lower two of three classes that maximise the variance between classes (Otsu 1979, section V).

    `histogram` is (n,). All pairs at once, from cumulative sums.
    """
    total = np.maximum(histogram.sum(), 1.0)
    weight = np.cumsum(histogram) / total
    mean = np.cumsum(histogram * np.arange(len(histogram))) / total
    low, high = np.triu_indices(len(histogram) - 1, k=1)
    upper = weight[high] - weight[low], mean[high] - mean[low]
    parts = ((weight[low], mean[low]), upper, (1.0 - weight[high], mean[-1] - mean[high]))
    between = sum(m**2 / np.maximum(w, 1e-9) for w, m in parts)
    best = int(np.argmax(between))
    return int(low[best]), int(high[best])


def transmittance(pixels: Pixels) -> tuple[Floats, Floats]:
    """Green and red light over that of the background, each (H, W) float32, 1 where nothing absorbs.

    The background is a quadratic surface in x and y, as vignetting is, through the bright end of each tile. Tiles that
    cells fill lie below it and are left out in turn.
    """
    height, width = pixels.shape[:2]
    rows, columns = TILES
    tall, wide = height // rows, width // columns
    tiles = pixels[: tall * rows, : wide * columns, 1::-1].reshape(rows, tall, columns, wide, 2)
    tiles = tiles[:, ::3, :, ::3].swapaxes(1, 2).reshape(rows * columns, -1, 2)
    light = np.quantile(tiles, 0.95, axis=1, method="nearest").astype(np.float64)
    terms, dense = _surfaces(height, width)
    ratios: list[Floats] = []
    for channel in (0, 1):
        weight = np.ones(len(light))
        for _ in range(5):
            # A light ridge keeps the surface flat where the tiles that are left do not hold it.
            system = (terms * weight[:, None]).T @ terms + np.diag([0.0, *[0.02 * weight.sum()] * 5])
            surface = np.linalg.solve(system, (terms * weight[:, None]).T @ light[:, channel])
            weight = np.where(light[:, channel] >= 0.97 * (terms @ surface), 1.0, 0.02)
        field = np.maximum(dense @ surface, 1.0).reshape(height // 8 + 1, width // 8 + 1).astype(np.float32)
        full = np.asarray(cv2.resize(field, (width, height), interpolation=cv2.INTER_LINEAR), np.float32)
        light_here = cv2.extractChannel(pixels, 1 - channel)
        ratios.append(np.asarray(cv2.divide(light_here, full, dst=full, dtype=cv2.CV_32F), np.float32))
    return ratios[0], ratios[1]


@lru_cache(maxsize=4)
def _surfaces(height: int, width: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The quadratic's terms at the tiles' centres, (tiles, 6), and on a grid of every eighth pixel, (points, 6)."""
    rows, columns = TILES
    tiles = np.meshgrid(_centres(columns), _centres(rows))
    grid = np.meshgrid(_centres(width // 8 + 1), _centres(height // 8 + 1))
    return _quadratic(tiles[0].ravel(), tiles[1].ravel()), _quadratic(grid[0].ravel(), grid[1].ravel())


def _centres(count: int) -> NDArray[np.float64]:
    """Centres of `count` equal tiles of -1..1."""
    return (np.arange(count) + 0.5) / count * 2.0 - 1.0


def _quadratic(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)


def stained(pixels: Pixels) -> tuple[Mask, Mask] | None:
    """Masks (H, W) uint8, 255 or 0, of all cells and of nuclei among them; None where the field is blank.

    Cells are the lower two of three classes of green transmittance, cut about half-way to the background. Pale middles
    count as background, so that a red cell can be a ring: see without_pallor.
    """
    green, red = transmittance(np.asarray(cv2.GaussianBlur(pixels, (3, 3), 0), dtype=np.uint8))
    # By way of int32: NumPy has no quick way from float32 to bytes, and OpenCV's rounds.
    level = np.clip(green * np.float32(100.0), 0.0, 127.0).astype(np.int32).astype(np.uint8)
    histogram = cv2.calcHist([level], [0], None, [128], [0.0, 128.0]).ravel()
    _, high = three_class_otsu(histogram.astype(np.float64))
    inside, outside = below(level, high + 1), above(level, high)
    if not LEAST_SHARE < cv2.countNonZero(inside) / inside.size < 1.0 - LEAST_SHARE:
        return None
    if cv2.mean(green, outside)[0] - cv2.mean(green, inside)[0] < LEAST_CONTRAST:
        return None
    # Otsu's threshold leans to the background where the classes are uneven; a rim lies about half-way between the two.
    # 0.55 in place of 0.5, for pale rims: bias -2 % on ALL-IDB1 and +1.5 % on Chula train, against -3 and +1.
    some_inside, some_outside = np.flatnonzero(inside != 0)[::7], np.flatnonzero(outside != 0)[::7]
    half_way = 0.55 * float(np.median(green.ravel()[some_outside])) + 0.45 * float(np.median(green.ravel()[some_inside]))
    cells = below(green, half_way)
    return cells, both(cells, below(red, NUCLEUS_SHARE * float(np.median(red.ravel()[some_inside]))))


def without_pallor(cells: Mask) -> Mask:
    """`cells` with convex holes filled: the pale middle of a cell is convex, the gap between touching cells is not."""
    contours, hierarchy = cv2.findContours(cells, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    filled: Mask = cells.copy()
    if not contours:
        return filled
    holes = [contours[index] for index in np.flatnonzero(hierarchy.reshape(-1, 4)[:, 3] >= 0).tolist()]
    convex = [hole for hole in holes if cv2.contourArea(hole) > 0.8 * cv2.contourArea(cv2.convexHull(hole))]
    cv2.drawContours(filled, convex, -1, 255, thickness=cv2.FILLED)
    return filled
