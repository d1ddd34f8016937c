"""A video file or a network stream."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Protocol

import cv2

from edge.cameras.camera import CameraInfo, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.device import Device, VideoCapture, to_rgb
from edge.frame import Frame

STREAM_SCHEMES = ("rtsp", "rtsps", "http", "https", "rtmp", "udp", "srt")
OPEN_TIMEOUT_MS = 10_000
READ_TIMEOUT_MS = 5_000
# Containers state their length exactly (AVI, MP4) or as duration times rate (Matroska); of 20..2000-frame files the
# stated and the real number differed by at most one.
LENGTH_TOLERANCE = 0.01


class _Pictures(Protocol):
    def read(self) -> Frame: ...

    def close(self) -> None: ...


class Video:
    """A video behind `address`: a path gives every frame and then EndOfFrames; a URL is live.

    Of a URL, user, password and query (where IP cameras carry keys) are used to open it and appear nowhere else: not in
    `info`, a frame's source, a message or the log. `opened` makes the capture of a stream, for tests.
    """

    def __init__(
        self, address: Path | str, um_per_px: float | None = None, opened: Callable[[str], VideoCapture] | None = None
    ) -> None:
        self._address = str(address)
        self._um_per_px = um_per_px
        self._opened = opened or _stream
        self._pictures: _Pictures | None = None

    @property
    def info(self) -> CameraInfo:
        shown = public_address(self._address)
        return CameraInfo(kind="video", address=shown, name=shown if self._live else Path(shown).name, live=self._live)

    @property
    def _live(self) -> bool:
        return "://" in self._address

    def __enter__(self) -> Video:
        if not self._live:
            self._pictures = _EveryFrame(Path(self._address).expanduser(), self._um_per_px)
            return self
        shown = public_address(self._address)
        if self._address.partition("://")[0].lower() not in STREAM_SCHEMES:
            raise CameraNotFound(
                f"{shown}: not a stream that can be opened; use one of {', '.join(STREAM_SCHEMES)}://, or a path"
            )
        self._pictures = Device(self._opened(self._address), shown, self._um_per_px)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pictures, self._pictures = self._pictures, None
        if pictures is not None:
            pictures.close()

    def read(self) -> Frame:
        """The next frame. Raises EndOfFrames, FrameUnreadable, CameraLost."""
        if self._pictures is None:
            raise RuntimeError(f"{self.info.name} is closed: read it inside `with`")
        return self._pictures.read()


def public_address(address: str) -> str:
    """`address` without what may be secret in a URL: all up to its last @, its query and fragment, values after a `=`."""
    scheme, separator, rest = address.partition("://")
    if not separator:
        return address
    place = rest.rpartition("@")[2].partition("?")[0].partition("#")[0]
    return scheme + separator + re.sub(r"=[^/]*", "=...", place)  # some cameras want /user=name_password=word in the path


def _stream(url: str) -> VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, OPEN_TIMEOUT_MS, cv2.CAP_PROP_READ_TIMEOUT_MSEC, READ_TIMEOUT_MS]
    capture = cv2.VideoCapture(url, cv2.CAP_FFMPEG, timeouts)
    if not capture.isOpened():
        capture.release()
        raise CameraNotFound(
            f"{public_address(url)}: no stream answers there; check address, user and password, and that the camera is on"
        )
    return capture


class _EveryFrame:
    """A file's frames in order; tells a file that ends before its stated length from one that ends."""

    def __init__(self, path: Path, um_per_px: float | None) -> None:
        if not path.is_file():
            raise CameraNotFound(f"{path}: no such video file; check the path")
        self._path = path
        self._um_per_px = um_per_px
        self._capture = cv2.VideoCapture(str(path), cv2.CAP_FFMPEG)
        if not self._capture.isOpened():
            self._capture.release()
            raise CameraNotFound(
                f"{path}: no video that FFmpeg can read, or damaged; copy it again or convert it to MP4 or AVI"
            )
        self._stated = int(max(0.0, self._capture.get(cv2.CAP_PROP_FRAME_COUNT)))  # 0 where the container does not say
        self._given = 0
        self._ended = False

    def read(self) -> Frame:
        good, image = (False, None) if self._ended else self._capture.read()
        if good and image is not None:
            frame = Frame(to_rgb(image), self._given, str(self._path), self._um_per_px)
            self._given += 1
            return frame
        first_time, self._ended = not self._ended, True
        if first_time and (self._given == 0 or self._given + 1 < self._stated * (1 - LENGTH_TOLERANCE)):
            raise FrameUnreadable(
                f"{self._path}: ends after {self._given} of {self._stated or 'an unknown number of'} frames, so it is"
                " truncated or damaged; copy it again, or count it knowing that fields are missing"
            )
        raise EndOfFrames(f"{self._path}: all {self._given} frames were read")

    def close(self) -> None:
        self._capture.release()
