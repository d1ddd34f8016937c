"""Pictures played as a camera that is never waited for."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.cameras.camera import CameraInfo, EndOfFrames
from edge.frame import Frame, Pixels

NOISE_LEVELS = 1.5
"""Standard deviation of a sensor's noise, 8-bit: no two frames of a resting slide are the same."""
PATTERNS = 5


class PlayedCamera:
    """Each picture rests for some frames, with noise, then the next one comes. It waits for the loop: none is dropped."""

    def __init__(self, pictures: Sequence[Pixels], rests: int) -> None:
        self._pictures, self._rests, self._next = pictures, rests, 0
        self._noise = _patterns(pictures[0].shape)

    @property
    def info(self) -> CameraInfo:
        return CameraInfo("images", "played", f"{len(self._pictures)} pictures, {self._rests} frames each", live=False)

    def __enter__(self) -> PlayedCamera:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        return None

    def read(self) -> Frame:
        number, self._next = self._next, self._next + 1
        if number >= len(self._pictures) * self._rests:
            raise EndOfFrames("the last picture was played")
        brighter, darker = self._noise[number % PATTERNS], self._noise[(number + 1) % PATTERNS]
        pixels = cv2.subtract(cv2.add(self._pictures[number // self._rests], brighter), darker)
        return Frame(np.asarray(pixels, np.uint8), number, "played")


def _patterns(shape: tuple[int, ...]) -> list[NDArray[np.uint8]]:
    """Noise that is added and, another pattern of it, taken away: OpenCV does so in 0.1 ms."""
    rng = np.random.default_rng(1)
    return [np.abs(rng.normal(0.0, NOISE_LEVELS, shape)).round().astype(np.uint8) for _ in range(PATTERNS)]
