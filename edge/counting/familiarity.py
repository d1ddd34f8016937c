"""Whether a field looks like what the model has learnt from: a distance in a few features of picture and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import CellClass, ClassMaps

Floats = NDArray[np.float64]

FEATURES = (
    "glass red", "glass green", "glass blue", "glass texture", "cell red", "cell green", "cell blue", "cell texture",
    "edge", "fine", "covered", "white", "platelet", "undecided", "hesitant peaks", "size spread",
)  # fmt: skip
STEP = 2
"""Every second pixel of every second row is looked at: cells are 28 px wide there."""
SURE, UNDECIDED = 0.5, (0.15, 0.85)
LEAST_PX = 30


@dataclass(frozen=True, slots=True, eq=False)
class Familiarity:
    """The training fields' features: their mean (n,), the inverse of their covariance (n, n), and the Mahalanobis distance
    (Lee et al., NeurIPS 2018, on a network's features) beyond which a field is unlike them."""

    mean: Floats
    precision: Floats
    limit: float

    def distance(self, features: Floats) -> float:
        """How many standard deviations away the field lies."""
        away = features - self.mean
        return float(max(0.0, float(away @ self.precision @ away)) ** 0.5)

    def strangest(self, features: Floats) -> str:
        """The feature that is furthest from its mean."""
        spread = np.sqrt(np.maximum(1e-12, np.diag(np.linalg.pinv(self.precision))))
        return FEATURES[int(np.argmax(np.abs(features - self.mean) / spread))]


def features_of(tensor: NDArray[np.uint8], maps: Mapping[CellClass, ClassMaps], margin_px: int) -> Floats | None:
    """FEATURES of a prepared field, (1, height, width, 3) uint8 with `margin_px` of mirrored border, and what the network said
    of it. None where no red cells cover as much as LEAST_PX pixels."""
    red = maps[CellClass.RBC]
    height, width = red.foreground.shape
    whole = tensor[0, margin_px : margin_px + height, margin_px : margin_px + width]
    pixels = whole[::STEP, ::STEP].reshape(-1, 3).astype(np.float32) / np.float32(255.0)
    said = {kind: one.foreground[::STEP, ::STEP].reshape(-1) for kind, one in maps.items()}
    cell = said[CellClass.RBC] > SURE
    if int(cell.sum()) < LEAST_PX:
        return None
    light = pixels.mean(axis=1)
    empty = np.all([one < UNDECIDED[0] for one in said.values()], axis=0)
    glass = empty if int(empty.sum()) >= LEAST_PX else light >= np.quantile(light, 0.9)
    covered = np.any([one > SURE for one in said.values()], axis=0)
    undecided = np.any([(one > UNDECIDED[0]) & (one < UNDECIDED[1]) for one in said.values()], axis=0)
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(whole), cv2.COLOR_RGB2GRAY), np.uint8)
    values = [
        *pixels[glass].mean(axis=0), np.log(light[glass].std() + 0.01), *pixels[cell].mean(axis=0),
        np.log(light[cell].std() + 0.01), *_sharpness(grey, red.foreground), float(covered.mean()) ** 0.5,
        *(_share(said, kind) ** 0.5 for kind in (CellClass.WBC, CellClass.PLT)),
        np.log(undecided.sum() / max(1, int(covered.sum())) + 0.02), _hesitant(red), _size_spread(red),
    ]  # fmt: skip
    return np.array(values, np.float64)


def _share(said: Mapping[CellClass, NDArray[np.float32]], kind: CellClass) -> float:
    return float((said[kind] > SURE).mean()) if kind in said else 0.0


def _sharpness(grey: NDArray[np.uint8], foreground: NDArray[np.float32]) -> Sequence[float]:
    """The logarithms of the mean slope at the cells' rims and of the mean of what a Laplacian leaves."""
    solid = np.asarray(foreground > SURE, np.uint8)
    kernel = np.ones((5, 5), np.uint8)
    rim = (cv2.dilate(solid, kernel) != cv2.erode(solid, kernel))[::STEP, ::STEP]
    dx, dy = cv2.Scharr(grey, cv2.CV_16S, 1, 0), cv2.Scharr(grey, cv2.CV_16S, 0, 1)
    slope = np.hypot(dx[::STEP, ::STEP].astype(np.float32), dy[::STEP, ::STEP].astype(np.float32))
    fine = np.abs(cv2.Laplacian(grey, cv2.CV_16S)[::STEP, ::STEP].astype(np.float32))
    return float(np.log(slope[rim].mean() + 1.0)), float(np.log(fine.mean() + 0.5))


def _hesitant(red: ClassMaps) -> float:
    """Of the centre map's mass above an eighth, the share that is below a half: blobs that are not sure of themselves."""
    if red.centre is None:
        return 0.0
    some = red.centre[::STEP, ::STEP]
    high = float((some > 0.5).sum())
    low = float(((some > 0.125) & (some <= 0.5)).sum())
    return float(np.log((low + 5.0) / (high + 5.0)))


def _size_spread(red: ClassMaps) -> float:
    if red.size is None:
        return 0.0
    said = red.size[::STEP, ::STEP][red.foreground[::STEP, ::STEP] > SURE]
    low, high = np.quantile(said, (0.1, 0.9))
    return float(np.log(high - low + 0.01))
