"""What lies on a slide and is no cell: stain debris, scratches, fibres, writing, scale bars, pointers, a textured ground."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Picture = NDArray[np.float32]
Mask = NDArray[np.bool_]

MOST_THINGS = 6
WORDS = ("10 um", "x100", "A", "7", "20")


def littered(rng: np.random.Generator, picture: Picture, empty: Mask, diameter_px: float) -> Picture:
    """(height, width, 3) float32 0..1 `picture` with things that are no cells where it is `empty`."""
    layer = np.full(picture.shape, 255, np.uint8)
    for _ in range(int(rng.integers(1, MOST_THINGS + 1))):
        rows, columns = np.nonzero(empty)
        if len(rows) == 0:
            return picture
        place = int(rng.integers(len(rows)))
        _thing(rng, layer, (float(columns[place]), float(rows[place])), diameter_px)
    shade = cv2.GaussianBlur(layer, (0, 0), float(rng.uniform(0.4, 1.6))).astype(np.float32) / np.float32(255.0)
    return np.asarray(np.where(empty[..., None], picture * shade, picture), np.float32)


def grounded(rng: np.random.Generator, picture: Picture) -> Picture:
    """`picture` on glass that is mottled: plasma, dirt out of focus, a dirty sensor."""
    height, width = picture.shape[:2]
    mottle = np.zeros((height, width), np.float32)
    for grain_px in (3.0, 9.0, 30.0):
        size = (max(2, int(width / grain_px)), max(2, int(height / grain_px)))
        rough = rng.standard_normal((size[1], size[0])).astype(np.float32)
        mottle += np.float32(rng.uniform(0.0, 0.05)) * cv2.resize(rough, (width, height), interpolation=cv2.INTER_CUBIC)
    tint = rng.uniform(0.4, 1.0, 3).astype(np.float32)
    return np.asarray(picture * np.exp(mottle[..., None] * tint), np.float32)


def _thing(rng: np.random.Generator, layer: NDArray[np.uint8], at: tuple[float, float], diameter_px: float) -> None:
    """Darken `layer` by one thing at x, y."""
    shade = rng.uniform(0.05, 0.95, 3) if rng.random() < 0.5 else np.full(3, rng.uniform(0.0, 0.8))
    colour = tuple(255.0 * float(value) for value in shade)
    x, y = at
    match int(rng.integers(5)):
        case 0:  # a speck or a clot of stain
            corners = int(rng.integers(5, 14))
            angles = np.sort(rng.uniform(0.0, 2.0 * np.pi, corners))
            radii = diameter_px * rng.uniform(0.04, 0.5) * rng.uniform(0.3, 1.0, corners)
            points = np.stack([x + radii * np.cos(angles), y + radii * np.sin(angles)], axis=1)
            cv2.fillPoly(layer, [np.rint(points).astype(np.int32)], colour)
        case 1:  # a cloud of fine grains
            for dx, dy in rng.normal(0.0, 0.4 * diameter_px, (int(rng.integers(4, 25)), 2)).tolist():
                cv2.circle(layer, (round(x + dx), round(y + dy)), int(rng.integers(1, 3)), colour, thickness=-1)
        case 2:  # a fibre or a scratch
            points = np.cumsum(rng.normal(0.0, 0.5 * diameter_px, (int(rng.integers(3, 9)), 2)), axis=0) + np.array(at)
            cv2.polylines(layer, [np.rint(points).astype(np.int32)], False, colour, thickness=int(rng.integers(1, 4)))
        case 3:  # writing
            word = WORDS[int(rng.integers(len(WORDS)))]
            cv2.putText(layer, word, (round(x), round(y)), cv2.FONT_HERSHEY_SIMPLEX, rng.uniform(0.4, 1.2), colour, 2)
        case _:  # a scale bar, a pointer
            angle = rng.choice([0.0, rng.uniform(0.0, np.pi)])
            reach = rng.uniform(1.0, 5.0) * diameter_px
            end = (round(x + reach * np.cos(angle)), round(y + reach * np.sin(angle)))
            cv2.line(layer, (round(x), round(y)), end, colour, thickness=int(rng.integers(2, 6)))
