"""An open device that OpenCV reads: its pictures as frames, one after the other."""

from __future__ import annotations

from typing import Any, Protocol

import cv2
from numpy.typing import NDArray

from edge.cameras.camera import CameraLost
from edge.frame import Frame, Pixels


class VideoCapture(Protocol):
    """What is used of cv2.VideoCapture."""

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


def to_rgb(image: NDArray[Any]) -> Pixels:
    """OpenCV's (height, width[, 3]) uint8 grey or BGR picture as (height, width, 3) uint8 RGB."""
    rgb: Any = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB)
    return rgb  # type: ignore[no-any-return]  # OpenCV's stubs say any dtype; uint8 stays uint8


class Device:
    """Reads `capture` until it fails. The first picture is read at once, as a device may open and give none; where that
    fails `capture` is released and CameraLost raised."""

    def __init__(self, capture: VideoCapture, name: str, um_per_px: float | None) -> None:
        self._capture, self._name, self._um_per_px = capture, name, um_per_px
        self._given = 0
        try:
            self._first: Frame | None = self._next("opened, but gave no picture; plug it in again or restart its source")
        except CameraLost:
            capture.release()
            raise

    def read(self) -> Frame:
        """The next picture, as soon as the device has one. Raises CameraLost."""
        frame, self._first = self._first, None
        return frame or self._next("stopped giving pictures; check cable and power, then open it again")

    def close(self) -> None:
        """Release the device."""
        self._capture.release()

    def _next(self, otherwise: str) -> Frame:
        try:
            good, image = self._capture.read()
        except cv2.error as error:
            raise CameraLost(f"{self._name}: reading failed ({type(error).__name__}); open the camera again") from error
        # isOpened() stays true after an unplug, so a failed or empty read is the only sign there is.
        if not good or image is None or image.size == 0:
            raise CameraLost(f"{self._name}: {otherwise}")
        frame = Frame(to_rgb(image), self._given, self._name, self._um_per_px)
        self._given += 1
        return frame
