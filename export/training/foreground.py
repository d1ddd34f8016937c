"""Stained cells against empty glass, where a corpus gives no masks."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from export.training.targets import Mask


def resized(pixels: NDArray[np.uint8], zoom: float) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 `pixels`, `zoom` times as high and wide."""
    method = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=method), np.uint8)


def foreground(pixels: NDArray[np.uint8], diameter_px: float) -> Mask:
    """Cells against glass: Otsu (1979) on green over its slowly varying background, holes of pale centres filled."""
    green = pixels[..., 1].astype(np.float32)
    background = cv2.GaussianBlur(green, (0, 0), 6.0 * diameter_px)
    flat = cv2.GaussianBlur(green - background, (0, 0), 1.0)
    low, high = np.percentile(flat, (0.5, 99.5))
    scaled = np.clip((flat - low) / max(1e-6, high - low) * 255.0, 0, 255).astype(np.uint8)
    threshold, _ = cv2.threshold(scaled, 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU)
    mask = scaled < threshold
    holes = ndimage.binary_fill_holes(mask) & ~mask
    labels, number = ndimage.label(holes)
    sizes = np.bincount(labels.ravel(), minlength=number + 1)
    small = sizes < 0.35 * diameter_px**2
    small[0] = False
    return np.asarray(ndimage.binary_opening(mask | small[labels], iterations=1))


def red_diameter_px(pixels: NDArray[np.uint8], guess_px: float) -> float:
    """The median diameter of the round single components, to scale Chula by, whose cells vary from slide to slide."""
    contours, _ = cv2.findContours(foreground(pixels, guess_px).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    found = []
    for contour in contours:
        area, around = cv2.contourArea(contour), cv2.arcLength(contour, True)
        if 0.2 * guess_px**2 < area < 2.0 * guess_px**2 and 4 * np.pi * area / around**2 > 0.8:
            found.append(2.0 * np.sqrt(area / np.pi))
    return float(np.median(found)) if len(found) >= 5 else guess_px


def uncertain_edge(mask: Mask, width_px: int = 1) -> Mask:
    """Pixels about a threshold's boundary, where it may be off by one."""
    grown = ndimage.binary_dilation(mask, iterations=width_px)
    shrunk = ndimage.binary_erosion(mask, iterations=width_px, border_value=1)
    return np.asarray(grown & ~shrunk)
