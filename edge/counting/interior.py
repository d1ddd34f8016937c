"""Probability maps as masks: a cell's whole area, and its interior without the outline."""

from __future__ import annotations

from math import pi

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import ClassMaps
from edge.counting.masks import Mask, above, below, both
from edge.counting.settings import ClassSettings

HOLE_AREA_RATIO = 0.03
"""Largest hole that is filled, of the expected disc: the gap between three touching discs is 0.05 of one."""


def foreground_mask(maps: ClassMaps, diameter_px: float, settings: ClassSettings) -> Mask:
    """Where the foreground is above its threshold, pinholes filled: (H, W) uint8, 255 or 0."""
    mask = above(maps.foreground, settings.foreground_threshold)
    return _without_pinholes(mask, HOLE_AREA_RATIO * pi / 4.0 * diameter_px**2)


def interior_mask(maps: ClassMaps, foreground: Mask, settings: ClassSettings) -> Mask:
    """`foreground` minus the outline, as DO-U-Net counts it (Overton and Tucker 2020): (H, W) uint8, 255 or 0."""
    if maps.outline is None:
        return foreground
    return both(foreground, below(maps.outline, settings.outline_threshold))


def distance_inside(interior: Mask, diameter_px: float) -> NDArray[np.float32]:
    """Distance to the nearest pixel that is not `interior`, in units of the expected radius, cut off at 1.2.

    The map's border is not an edge: a cell that it cuts is highest there. Beyond 1.2 radii nothing tells cells apart.
    """
    distance = np.asarray(cv2.distanceTransform(interior, cv2.DIST_L2, cv2.DIST_MASK_5), dtype=np.float32)
    return np.asarray(np.minimum(distance / np.float32(diameter_px / 2.0), 1.2), dtype=np.float32)


def _without_pinholes(mask: Mask, max_area_px: float) -> Mask:
    contours, hierarchy = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    if not contours:
        return mask
    parents = hierarchy.reshape(-1, 4)[:, 3]
    holes = [contours[index] for index in np.flatnonzero(parents >= 0).tolist()]
    # A hole's contour runs through the pixels around it.
    pinholes = [hole for hole in holes if cv2.contourArea(hole) <= 1.5 * max_area_px]
    cv2.drawContours(mask, pinholes, -1, 255, thickness=cv2.FILLED)
    return mask
