"""What every camera is, and what can go wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

from edge.frame import Frame


class CameraError(Exception):
    """Something about a camera; the message names the device or file and says what to do."""


class CameraNotFound(CameraError):
    """No such device, file, folder or address."""


class CameraLost(CameraError):
    """A camera that was streaming stopped: unplugged, hung, or its network is gone."""


class FrameUnreadable(CameraError):
    """One frame (a truncated or unsupported file) cannot be used; the frames after it may be."""


class EndOfFrames(CameraError):
    """A finite source (stills, a video file) has given its last frame."""


@dataclass(frozen=True, slots=True)
class CameraInfo:
    """What a person needs to tell cameras apart.

    `kind` is the word of the configuration (`images`, `video`, `v4l2`, `simulated_slide`), `address` what opens it
    (path, URL, device node), `name` what to show. `live` is True where time passes whether or not frames are read: of such
    a camera only the newest frame is of use; any other gives every frame in order.
    """

    kind: str
    address: str
    name: str
    live: bool
    simulated: bool = False


class Camera(Protocol):
    """A source of frames, used in `with`: entering opens the device, leaving releases it.

    Entering raises CameraNotFound or CameraLost. A camera has no thread of its own: each call is made on the one thread of
    `edge.cameras.reading`, which reads as fast as the device gives, and is left behind where a driver hangs in it.
    """

    @property
    def info(self) -> CameraInfo: ...

    def __enter__(self) -> Camera: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def read(self) -> Frame:
        """The next frame, as soon as there is one.

        `sequence` counts from 0 what the device gave since it was opened, so that what is missing between two was dropped;
        an unreadable one takes no number. Raises EndOfFrames, FrameUnreadable (read on for the next one), CameraLost.
        """
        ...
