"""A USB microscope (UVC) through Video4Linux."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Protocol

import cv2

from edge.cameras.camera import CameraInfo, CameraNotFound
from edge.cameras.device import Device, VideoCapture
from edge.cameras.finding import stable_address
from edge.frame import Frame

logger = logging.getLogger(__name__)


class SettableCapture(VideoCapture, Protocol):
    """What is used of a cv2.VideoCapture for a device."""

    def isOpened(self) -> bool: ...  # noqa: N802  # OpenCV's name

    def get(self, property_id: int, /) -> float: ...

    def set(self, property_id: int, value: float, /) -> bool: ...


@dataclass(frozen=True, slots=True)
class Mode:
    """What a device says it streams, read back after setting; `fourcc` is its pixel format, such as MJPG."""

    width_px: int
    height_px: int
    frames_per_s: float
    fourcc: str


class V4L2:
    """A live camera on a V4L2 node: `device` is a node or a link to one (`/dev/v4l/by-id/...` survives replugging).

    MJPG is asked for first, as raw video over USB 2 is slow at large sizes. A size that was asked for must be granted,
    because a calibration in µm/px belongs to one size; None takes the camera's own. It is judged by its frames: one
    failed read is CameraLost, and entering again reopens it. `opened` makes the capture, for tests.
    """

    def __init__(
        self,
        device: Path | str,
        *,
        width_px: int | None = None,
        height_px: int | None = None,
        frames_per_s: float | None = None,
        um_per_px: float | None = None,
        opened: Callable[[str], SettableCapture] | None = None,
    ) -> None:
        self._device = stable_address(Path(device))
        self._asked = {
            cv2.CAP_PROP_FRAME_WIDTH: width_px,
            cv2.CAP_PROP_FRAME_HEIGHT: height_px,
            cv2.CAP_PROP_FPS: frames_per_s,
        }
        self._um_per_px = um_per_px
        self._opened = opened or _device
        self._open: Device | None = None

    @property
    def info(self) -> CameraInfo:
        return CameraInfo(kind="v4l2", address=self._device, name=Path(self._device).name, live=True)

    def __enter__(self) -> V4L2:
        self._open = Device(self._configured(), self._device, self._um_per_px)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        device, self._open = self._open, None
        if device is not None:
            device.close()

    def read(self) -> Frame:
        """The next frame. Raises CameraLost where the device failed."""
        if self._open is None:
            raise RuntimeError(f"{self._device} is closed: read it inside `with`")
        return self._open.read()

    def _configured(self) -> SettableCapture:
        capture = self._opened(self._device)
        try:
            mode = configure(capture, self._device, self._asked)
        except (CameraNotFound, cv2.error):
            capture.release()
            raise
        logger.info("%s streams %dx%d %s at %g/s", self._device, mode.width_px, mode.height_px, mode.fourcc, mode.frames_per_s)
        return capture


def configure(capture: SettableCapture, device: str, asked: dict[int, float | None]) -> Mode:
    """Set MJPG, then what `asked` (OpenCV property to value, None to leave it), then a queue of one; read the mode back.

    The order matters: drivers offer their sizes by pixel format. Raises CameraNotFound where `device` does not open or
    does not grant the width or height.
    """
    if not capture.isOpened():
        raise CameraNotFound(
            f"{device}: no camera opens there; plug it in, close other programs that use it, see `hemocam cameras`"
        )
    capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
    for property_id, value in asked.items():
        if value is not None:
            capture.set(property_id, value)
    capture.set(cv2.CAP_PROP_BUFFERSIZE, 1)  # what the driver queues is old by the time it is read
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    mode = Mode(
        width_px=int(capture.get(cv2.CAP_PROP_FRAME_WIDTH)),
        height_px=int(capture.get(cv2.CAP_PROP_FRAME_HEIGHT)),
        frames_per_s=capture.get(cv2.CAP_PROP_FPS),
        fourcc="".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24)),
    )
    wanted = (asked.get(cv2.CAP_PROP_FRAME_WIDTH) or mode.width_px, asked.get(cv2.CAP_PROP_FRAME_HEIGHT) or mode.height_px)
    if wanted != (mode.width_px, mode.height_px):
        raise CameraNotFound(
            f"{device}: has no {wanted[0]:g}x{wanted[1]:g} mode, it offers {mode.width_px}x{mode.height_px};"
            " set the camera's size to that, and calibrate µm per pixel for it"
        )
    return mode


def _device(address: str) -> SettableCapture:
    return cv2.VideoCapture(address, cv2.CAP_V4L2)
