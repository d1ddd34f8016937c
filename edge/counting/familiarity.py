"""Whether a field looks like what the model has learnt from: a distance in a few features of picture and answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import CellClass, ClassMaps
from edge.counting.masks import Mask, above, below

Floats = NDArray[np.float64]

FEATURES = (
    "glass red", "glass green", "glass blue", "glass texture", "cell red", "cell green", "cell blue", "cell texture",
    "edge", "fine", "covered", "white", "platelet", "undecided", "hesitant peaks", "size spread",
)  # fmt: skip
STEP = 2
"""Every second pixel of every second row is looked at: cells are 28 px wide there."""
SURE, UNDECIDED = 0.5, (0.15, 0.85)
LEAST_PX = 30
THIRDS = np.full((1, 3), 1.0 / (3 * 255.0))
"""From red, green and blue to their mean in 0..1."""


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
    pixels = np.ascontiguousarray(whole[::STEP, ::STEP])
    said = {kind: np.ascontiguousarray(one.foreground[::STEP, ::STEP]) for kind, one in maps.items()}
    cell = above(said[CellClass.RBC], SURE)
    if cv2.countNonZero(cell) < LEAST_PX:
        return None
    light = np.asarray(cv2.transform(pixels.astype(np.float32), THIRDS), np.float32)
    most = said[CellClass.RBC]
    undecided = np.zeros(most.shape, np.uint8)
    for one in said.values():
        most = np.maximum(most, one)
        undecided |= np.asarray(cv2.inRange(one, *UNDECIDED), np.uint8)
    glass = below(most, UNDECIDED[0])
    if cv2.countNonZero(glass) < LEAST_PX:
        glass = np.asarray(light >= np.quantile(light, 0.9), np.uint8)
    covered = cv2.countNonZero(above(most, SURE))
    grey = np.asarray(cv2.cvtColor(np.ascontiguousarray(whole), cv2.COLOR_RGB2GRAY), np.uint8)
    values = [
        *_look(pixels, light, glass), *_look(pixels, light, cell), *_sharpness(grey, red.foreground),
        (covered / most.size) ** 0.5, *(_share(said, kind) ** 0.5 for kind in (CellClass.WBC, CellClass.PLT)),
        np.log(cv2.countNonZero(undecided) / max(1, covered) + 0.02), _hesitant(red), _size_spread(red),
    ]  # fmt: skip
    return np.array(values, np.float64)


def _look(pixels: NDArray[np.uint8], light: NDArray[np.float32], where: Mask) -> Sequence[float]:
    """Mean red, green and blue in 0..1, and the logarithm of the light's standard deviation."""
    colours = cv2.mean(pixels, where)[:3]
    _, deviation = cv2.meanStdDev(light, mask=where)
    return (*(colour / 255.0 for colour in colours), float(np.log(deviation[0, 0] + 0.01)))


def _share(said: Mapping[CellClass, NDArray[np.float32]], kind: CellClass) -> float:
    return cv2.countNonZero(above(said[kind], SURE)) / said[kind].size if kind in said else 0.0


def _sharpness(grey: NDArray[np.uint8], foreground: NDArray[np.float32]) -> Sequence[float]:
    """The logarithms of the mean slope at the cells' rims and of the mean of what a Laplacian leaves."""
    rim = cv2.morphologyEx(above(foreground, SURE), cv2.MORPH_GRADIENT, np.ones((5, 5), np.uint8))[::STEP, ::STEP]
    dx, dy = (cv2.Scharr(grey, cv2.CV_16S, *way)[::STEP, ::STEP].astype(np.float32) for way in ((1, 0), (0, 1)))
    slope = cv2.mean(cv2.magnitude(dx, dy), np.ascontiguousarray(rim))[0]
    fine = cv2.mean(cv2.convertScaleAbs(cv2.Laplacian(grey, cv2.CV_16S)[::STEP, ::STEP]))[0]
    return float(np.log(slope + 1.0)), float(np.log(fine + 0.5))


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
