"""The newest picture of a device that does not wait: a thread drains it into a slot of one."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime, timezone
from threading import Condition, Thread
from threading import enumerate as threads
from time import monotonic
from typing import Any, Protocol

import cv2
from numpy.typing import NDArray

from edge.cameras.camera import CameraError, CameraLost
from edge.frame import Frame, Pixels

logger = logging.getLogger(__name__)

# A read() that hangs in the kernel after an unplug (OpenCV #14044, #22677) never comes back; leaving waits this long for it.
ABANDON_AFTER_S = 2.0
# With so many threads hanging in one device its driver is stuck, and only a restart frees them.
MOST_HUNG = 32


class Capture(Protocol):
    """What is used of cv2.VideoCapture."""

    def read(self) -> tuple[bool, Any]: ...

    def release(self) -> None: ...


def to_rgb(image: NDArray[Any]) -> Pixels:
    """OpenCV's (height, width[, 3]) uint8 grey or BGR picture as (height, width, 3) uint8 RGB."""
    rgb: Any = cv2.cvtColor(image, cv2.COLOR_GRAY2RGB if image.ndim == 2 else cv2.COLOR_BGR2RGB)
    return rgb  # type: ignore[no-any-return]  # OpenCV's stubs say any dtype; uint8 stays uint8


class LatestFrame:
    """A thread opens a capture, reads it as fast as it gives, keeps the newest picture and counts those never taken.

    `opened` is called, and the capture released, on that thread. A device that hangs in opening or reading cannot be
    interrupted: the thread is a daemon, `close` stops waiting for it after ABANDON_AFTER_S and says so in the log, and it
    releases the device itself if the call ever returns. A frame's `sequence` numbers the delivered pictures from 0, so a
    gap is what was dropped.

    Raises CameraLost where MOST_HUNG threads hang in this device already.
    """

    def __init__(self, opened: Callable[[], Capture], name: str, um_per_px: float | None = None) -> None:
        self._opened = opened
        self._name = name
        self._um_per_px = um_per_px
        self._changed = Condition()
        self._slot: tuple[NDArray[Any], int, float, datetime] | None = None
        self._delivered = 0
        self._dropped = 0
        self._stopping = False
        self._failure: CameraError | None = None
        thread_name = f"camera {name}"
        if sum(thread.name == thread_name for thread in threads()) >= MOST_HUNG:
            raise CameraLost(f"{name}: {MOST_HUNG} reads of it hang in its driver; restart the machine")
        self._thread = Thread(target=self._drain, name=thread_name, daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        with self._changed:
            return self._dropped

    def take(self, timeout_s: float) -> Frame:
        """The newest picture not yet taken, waited for up to `timeout_s`.

        Raises CameraLost where none comes in time or the device failed, and what `opened` raised.
        """
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._failure is not None, timeout_s)
            if self._slot is None:
                raise self._failure or CameraLost(
                    f"{self._name}: no picture for {timeout_s:g} s; check cable and power, then open the camera again"
                )
            image, sequence, monotonic_s, wall_time = self._slot
            self._slot = None
        return Frame(
            to_rgb(image), sequence, self._name, self._um_per_px, monotonic_s=monotonic_s, wall_time=wall_time
        )  # converted here, so that dropped pictures cost nothing

    def await_first(self, timeout_s: float) -> None:
        """Wait until a picture is there to be taken; raises as `take` does."""
        with self._changed:
            self._changed.wait_for(lambda: self._slot is not None or self._failure is not None, timeout_s)
            if self._slot is None:
                raise self._failure or CameraLost(
                    f"{self._name}: opened, but gave no picture within {timeout_s:g} s; plug it in again or restart its source"
                )

    def close(self) -> None:
        """Stop the thread, which releases the device; a picture still waiting counts as dropped."""
        with self._changed:
            self._stopping = True
        self._thread.join(ABANDON_AFTER_S)
        if self._thread.is_alive():
            logger.warning("%s hangs in a read and was abandoned; it is released if the read returns", self._name)
        with self._changed:
            self._dropped += self._slot is not None
            self._slot = None

    def _drain(self) -> None:
        failure: CameraError = CameraLost(f"{self._name}: its reading thread ended; open the camera again")
        try:
            capture = self._opened()
            try:
                failure = self._read_until_stopped(capture)
            finally:
                capture.release()
        except CameraError as error:
            failure = error
        except (cv2.error, OSError) as error:
            failure = CameraLost(f"{self._name}: reading failed ({type(error).__name__}); open the camera again")
            failure.__cause__ = error
        finally:
            with self._changed:
                self._failure = failure
                self._changed.notify_all()

    def _read_until_stopped(self, capture: Capture) -> CameraError:
        while True:
            good, image = capture.read()
            now_s, wall_time = monotonic(), datetime.now(timezone.utc)
            with self._changed:
                if self._stopping:
                    return CameraLost(f"{self._name}: closed")
                # isOpened() stays true after an unplug, so a failed or empty read is the only sign there is.
                if not good or image is None or image.size == 0:
                    return CameraLost(f"{self._name}: stopped giving pictures; check cable and power, then open it again")
                self._dropped += self._slot is not None
                self._slot = (image, self._delivered, now_s, wall_time)
                self._delivered += 1
                self._changed.notify_all()
