"""Filters that some networks learnt behind: what DCED-Net does to a picture before the network sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

Filter = Literal["wiener", "laplace"]
WINDOW_PX = 5


def wiener(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Wiener's adaptive filter in a 5 x 5 window, channel by channel, black beyond the border: noise, which is the mean of the
    windows' variances, goes where a window is flat (Lim, 1990, p. 538)."""
    picture = pixels.astype(np.float64)
    window = (WINDOW_PX, WINDOW_PX)
    mean = cv2.blur(picture, window, borderType=cv2.BORDER_CONSTANT)
    variance = cv2.blur(picture**2, window, borderType=cv2.BORDER_CONSTANT) - mean**2
    noise = variance.mean(axis=(0, 1))
    kept = 1.0 - noise / np.maximum(variance, 1e-12)
    found = np.where(variance < noise, mean, mean + (picture - mean) * kept)
    return np.asarray(np.clip(np.where(variance > 1e-9, found, picture) + 0.5, 0, 255), np.uint8)


def laplace(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges sharpened: the picture minus its Laplacian (Gonzalez and Woods, 3.6)."""
    picture = pixels.astype(np.float32)
    return np.asarray(np.clip(picture - cv2.Laplacian(picture, cv2.CV_32F, ksize=1) + 0.5, 0, 255), np.uint8)


def filtered(pixels: NDArray[np.uint8], filters: Iterable[Filter]) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB after these filters, in their order."""
    for name in filters:
        pixels = wiener(pixels) if name == "wiener" else laplace(pixels)
    return pixels
