"""Boundary F1: how well the outlines of two masks lie on each other."""

from __future__ import annotations

from dataclasses import dataclass
from math import hypot, isnan, nan

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

TOLERANCE = 0.0075
"""Share of the picture's diagonal that two outlines may lie apart: Csurka, Larlus and Perronnin, BMVC 2013 (DCED-Net's
reference 63 for its BFScore), the default of MATLAB's bfscore too. DCED-Net itself names no tolerance."""


@dataclass(frozen=True, slots=True)
class BoundaryMatch:
    """Precision: the share of the found outline near the true one; recall: of the true one near the found one.

    A mask without outline leaves its own share nan. `f1` is nan where neither has one, 0 where only one has.
    """

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        if isnan(self.precision) and isnan(self.recall):
            return nan
        if not (self.precision > 0.0 and self.recall > 0.0):
            return 0.0
        return 2.0 * self.precision * self.recall / (self.precision + self.recall)


def boundary(mask: Mask) -> Mask:
    """Pixels of the mask with one of their four neighbours outside it; the picture's border is no outline."""
    filled = mask.astype(np.uint8)
    inner = cv2.erode(filled, cv2.getStructuringElement(cv2.MORPH_CROSS, (3, 3)), borderType=cv2.BORDER_REPLICATE)
    return np.asarray(mask & (inner == 0))


def tolerance_px(height_px: int, width_px: int, share: float = TOLERANCE) -> float:
    return share * hypot(height_px, width_px)


def match_boundaries(true: Mask, predicted: Mask, tolerance_px: float) -> BoundaryMatch:
    """Compare the outlines of two (height, width) bool masks; up to `tolerance_px` apart (Euclidean) they match.

    Raises ValueError where shapes differ.
    """
    if true.shape != predicted.shape or true.ndim != 2:
        raise ValueError(f"outlines of masks of {true.shape} and {predicted.shape} cannot be compared")
    wanted, found = boundary(true), boundary(predicted)
    return BoundaryMatch(_near(found, wanted, tolerance_px), _near(wanted, found, tolerance_px))


def boundary_f1(true: Mask, predicted: Mask, tolerance: float = TOLERANCE) -> float:
    """F1 of the outlines within `tolerance` of the diagonal; nan where neither mask has an outline."""
    height, width = true.shape
    return match_boundaries(true, predicted, tolerance_px(height, width, tolerance)).f1


def _near(points: Mask, others: Mask, tolerance_px: float) -> float:
    """The share of `points` with one of `others` near; nan without points, 0 without others."""
    number = int(np.count_nonzero(points))
    if not number:
        return nan
    if not others.any():
        return 0.0
    distance = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return float(np.count_nonzero(distance[points] <= tolerance_px + 1e-4)) / number
