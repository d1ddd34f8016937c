"""Drawn fields of flat discs as labelled samples of every corpus."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from export.datasets.sample import Sample

WHITE = (225, 215, 230)
RED = (200, 130, 140)
VIOLET = (110, 60, 150)


def drawn(
    discs: list[tuple[float, float, float]], height: int, width: int, nuclei: list[tuple[float, float, float]] | None = None
) -> NDArray[np.uint8]:
    """Red discs (x, y, diameter), and violet ones over them, on pale glass."""
    pixels = np.full((height, width, 3), WHITE, np.uint8)
    for colour, group in ((RED, discs), (VIOLET, nuclei or [])):
        for x, y, diameter in group:
            cv2.circle(pixels, (round(x), round(y)), round(diameter / 2), colour, -1, cv2.LINE_AA)
    return pixels


def disc_mask(discs: list[tuple[float, float, float]], height: int, width: int, ring_px: int = 0) -> NDArray[np.uint8]:
    """Filled discs, or their rims of this width, later ones over earlier; 0 and 255."""
    mask = np.zeros((height, width), np.uint8)
    for x, y, diameter in discs:
        if ring_px:
            cv2.circle(mask, (round(x), round(y)), round(diameter / 2), 0, -1)
        cv2.circle(mask, (round(x), round(y)), round(diameter / 2) - ring_px // 2, 255, ring_px or -1)
    return mask


def saved(folder: Path, name: str, picture: NDArray[np.uint8]) -> Path:
    path = folder / f"{name}.png"
    cv2.imwrite(str(path), picture[..., ::-1] if picture.ndim == 3 else picture)
    return path


def sample(folder: Path, pixels: NDArray[np.uint8], **known: object) -> Sample:
    return Sample("drawn", "train", "one", saved(folder, "field", pixels), **known)  # type: ignore[arg-type]


def grid(columns: int, rows: int, step: float, diameter: float) -> list[tuple[float, float, float]]:
    return [(step * (i + 0.75), step * (j + 0.75), diameter) for j in range(rows) for i in range(columns)]
