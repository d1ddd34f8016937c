"""What DCED-Net does to a picture before the network sees it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.signal import wiener as adaptive

Step = Literal["wiener", "laplace"]
WINDOW_PX = 5


def wiener(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Wiener's adaptive filter in a 5 x 5 window, channel by channel: noise goes where a window is flat (Lim, 1990)."""
    planes = []
    for index in range(3):
        plane = pixels[..., index].astype(np.float64)
        # A window without any variance is 0 / 0 in scipy: it has nothing to filter.
        with np.errstate(divide="ignore", invalid="ignore"):
            found = adaptive(plane, (WINDOW_PX, WINDOW_PX))
        planes.append(np.where(np.isfinite(found), found, plane))
    return np.asarray(np.clip(np.stack(planes, axis=2) + 0.5, 0, 255), np.uint8)


def laplace(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Edges sharpened: the picture minus its Laplacian (Gonzalez and Woods, 3.6)."""
    picture = pixels.astype(np.float32)
    return np.asarray(np.clip(picture - cv2.Laplacian(picture, cv2.CV_32F, ksize=1) + 0.5, 0, 255), np.uint8)


def preprocessed(pixels: NDArray[np.uint8], steps: Iterable[Step]) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB after these steps, in their order."""
    for step in steps:
        pixels = wiener(pixels) if step == "wiener" else laplace(pixels)
    return pixels
