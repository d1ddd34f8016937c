"""What the capture thread tells the loop."""

from __future__ import annotations

from dataclasses import dataclass

from edge.cameras.camera import CameraError, EndOfFrames, FrameUnreadable
from edge.frame import Frame


@dataclass(frozen=True, slots=True)
class CameraOpened:
    """The camera is open; frames follow. Told again each time that it was opened anew."""


@dataclass(frozen=True, slots=True, eq=False)
class FrameArrived:
    """A frame; its `sequence` grows over the whole session, also where the camera was opened anew."""

    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class FrameSpoiled:
    """A frame that the camera gave but nobody can use; it counts as captured, and as failed."""

    error: FrameUnreadable


@dataclass(frozen=True, slots=True, eq=False)
class CameraGone:
    """No frames come. `retry_in_s` is when it is opened again; None where that is of no use: a finite source that broke
    off, or a device that was not there at the very first opening."""

    error: CameraError
    retry_in_s: float | None


@dataclass(frozen=True, slots=True, eq=False)
class CameraEnded:
    """A finite source has given its last frame; nothing follows."""

    error: EndOfFrames


Delivery = FrameArrived | FrameSpoiled
CaptureNews = CameraOpened | FrameArrived | FrameSpoiled | CameraGone | CameraEnded
