"""Colours of other microscopes, for crops of the one that was labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.crop import Cropping, balanced, crop
from engines.prepare import Pixels
from export.datasets import cbc, txl
from export.datasets.sample import DatasetError, Sample

READERS = {"txl": txl.read, "cbc": cbc.read}
"""Corpora with a box round every white cell, whose types nobody named."""


@dataclass(frozen=True, slots=True, eq=False)
class Palettes:
    """(n, 2, 3) float32: mean and standard deviation of L, a and b of crops round white cells."""

    of: NDArray[np.float32]

    def shown(self, rng: np.random.Generator, pixels: Pixels) -> Pixels:
        """A crop, (side, side, 3) uint8 RGB, some or all of the way to the colours of a random one of these: mean and
        deviation in L*a*b* (Reinhard et al., IEEE CG&A 21(5), 2001)."""
        lab = cv2.cvtColor(pixels, cv2.COLOR_RGB2LAB).astype(np.float32)
        mean, deviation = _of(lab)
        to_mean, to_deviation = self.of[int(rng.integers(len(self.of)))]
        way = np.float32(rng.uniform(0.0, 1.0))
        # A crop of little contrast is not stretched into another picture.
        stretch = np.clip(to_deviation / np.maximum(deviation, 1.0), 0.4, 2.5)
        moved = (lab - mean) * (1.0 + way * (stretch - 1.0)) + mean + way * (to_mean - mean)
        return np.asarray(cv2.cvtColor(np.clip(moved + 0.5, 0, 255).astype(np.uint8), cv2.COLOR_LAB2RGB), np.uint8)


def _of(lab: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return lab.mean(axis=(0, 1)), lab.std(axis=(0, 1))


def palettes(corpora: Sequence[str], data: Path, cropping: Cropping) -> Palettes:
    """Those of the white cells of these corpora's `train`. Raises DatasetError."""
    found = [
        np.stack(_of(cv2.cvtColor(one, cv2.COLOR_RGB2LAB).astype(np.float32)))
        for name in corpora
        for sample in READERS[name](data / name)
        if sample.split == "train"
        for one in white_cells(sample, cropping)
    ]
    if not found:
        raise DatasetError(f"{data}: {', '.join(corpora)} have no white cell to take colours from")
    return Palettes(np.array(found, np.float32))


def white_cells(sample: Sample, cropping: Cropping) -> list[Pixels]:
    """A crop round each boxed white cell, at the scale of the boxed red ones; none where those are fewer than three."""
    white = [box for box in sample.boxes if box.label == "wbc"]
    diameter_px = boxed_diameter_px(sample)
    if diameter_px is None or not white:
        return []
    field = balanced(sample.pixels())
    return [crop(field, (box.left + box.right) / 2, (box.top + box.bottom) / 2, diameter_px, cropping) for box in white]


def boxed_diameter_px(sample: Sample) -> float | None:
    """A red cell's diameter by the boxes, the median of those of one area with them; None of fewer than three."""
    red = [(box.right - box.left) * (box.bottom - box.top) for box in sample.boxes if box.label == "rbc"]
    return float(np.sqrt(np.median(red))) if len(red) >= 3 else None
