"""Arrays against a number, as OpenCV's masks: (H, W) uint8, 255 where it holds and 0 where not."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.uint8]
Labels = NDArray[np.uint8] | NDArray[np.uint16]
"""0 for no cell, and the cells from 1 on."""
Map = NDArray[np.float32] | Labels


def no_labels(shape: tuple[int, ...], count: int) -> Labels:
    """Zeros that hold labels 1..count, at most 65535: as bytes where they do, on which OpenCV is twice as fast."""
    return np.zeros(shape, np.uint8) if count <= 255 else np.zeros(shape, np.uint16)


def above(values: Map, level: float) -> Mask:
    """Where `values` are above `level`."""
    return _compared(values, level, cv2.CMP_GT)


def below(values: Map, level: float) -> Mask:
    """Where `values` are below `level`."""
    return _compared(values, level, cv2.CMP_LT)


def both(first: Mask, second: Mask) -> Mask:
    """Where both masks hold."""
    return np.asarray(cv2.bitwise_and(first, second), dtype=np.uint8)


def _compared(values: Map, level: float, relation: int) -> Mask:
    # Five times as fast as NumPy's comparison and conversion; OpenCV's stubs do not know that a number will do.
    return np.asarray(cv2.compare(values, level, relation), dtype=np.uint8)  # type: ignore[call-overload]
