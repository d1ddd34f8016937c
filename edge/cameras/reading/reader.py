"""One opening of one camera, on a thread that may hang in it."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from math import inf
from threading import Thread
from time import monotonic
from typing import Protocol

from edge.cameras.camera import Camera, CameraError, CameraLost, FrameUnreadable
from edge.frame import Frame

log = logging.getLogger(__name__)

# A live camera of which nothing can be used is lost: at 30 frames a second that is known after less than two seconds.
SPOILED_IN_A_ROW = 50


class Doing(str, Enum):
    """What the thread does in the camera; it may hang in each."""

    OPENING = "opening"
    READING = "reading"
    CLOSING = "closing"


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many seconds of `clock` the thread is taken to hang in each thing."""

    hung_s: Mapping[Doing, float]
    clock: Callable[[], float] = monotonic


class Desk(Protocol):
    """Where a reader hands in what it read. All is called on the reader's thread and answers whether to go on."""

    def opened(self, reader: CameraReader) -> bool: ...

    def arrived(self, reader: CameraReader, frame: Frame) -> bool: ...

    def spoiled(self, reader: CameraReader, error: FrameUnreadable) -> bool: ...

    def ended(self, reader: CameraReader) -> None:
        """The camera is released, and `reader.error` says why; the thread does nothing more. Sets `reader.ended`."""
        ...


class CameraReader:
    """Opens a camera, hands in its frames and releases it, all on one thread.

    A thread that hangs in a device cannot be interrupted. It is a daemon, says since when it is in the device (`hung`), and
    if the call ever returns it releases the camera and ends, whether or not anybody still waits for it.
    """

    def __init__(
        self, camera: Camera | None, make: Callable[[], Camera], name: str, desk: Desk, patience: Patience
    ) -> None:  # fmt: skip
        """`camera` is opened, or where it is None what `make` gives, on the thread."""
        self.camera, self._make, self._name, self._desk, self._patience = camera, make, name, desk, patience
        self._inside: tuple[Doing, float] | None = None
        self._first_s = self._last_s = 0.0
        self._thread = Thread(target=self._run, name=f"reader of {name}", daemon=True)
        self.stopping = False
        self.ended = False
        self.error: CameraError = CameraLost(f"{name}: its reading thread ended; open the camera again")

    def start(self) -> None:
        self._thread.start()

    @property
    def flowed_s(self) -> float:
        """For how long frames have come since this opening."""
        return self._last_s - self._first_s

    def hung(self) -> tuple[Doing | None, float]:
        """What the thread does in the device, and in how many seconds it is taken to hang in it (0 or less: it hangs)."""
        inside = self._inside  # one read of a tuple that the other thread replaces whole
        if inside is None:
            return None, inf
        doing, since_s = inside
        return doing, since_s + self._patience.hung_s[doing] - self._patience.clock()

    def _run(self) -> None:
        try:
            self._enter(Doing.OPENING)
            camera = self.camera = self.camera or self._make()
            with camera:
                self._inside = None
                try:
                    if self._desk.opened(self):
                        self._read_on(camera)
                finally:
                    self._enter(Doing.CLOSING)
        except CameraError as error:
            self.error = error
        except Exception as error:
            # A driver's binding may raise anything. Only the kind is shown: a message may hold an address with its password.
            log.exception("%s failed in a way that no camera should", self._name)
            self.error = CameraLost(f"{self._name}: failed ({type(error).__name__}, see the log); open the camera again")
        finally:
            self._inside = None
            self._desk.ended(self)

    def _read_on(self, camera: Camera) -> None:
        """Until the desk has enough. Raises what the camera raises, FrameUnreadable apart."""
        going, spoiled = not self.stopping, 0
        while going:
            self._enter(Doing.READING)
            try:
                frame = camera.read()
            except FrameUnreadable as error:
                self._inside = None
                spoiled += 1
                going = self._desk.spoiled(self, error)
                if camera.info.live and spoiled >= SPOILED_IN_A_ROW:
                    raise CameraLost(f"{self._name}: {spoiled} frames in a row were unusable; check its cable") from error
                continue
            self._inside, spoiled = None, 0
            self._last_s = self._patience.clock()
            self._first_s = self._first_s or self._last_s
            going = self._desk.arrived(self, frame)

    def _enter(self, doing: Doing) -> None:
        self._inside = doing, self._patience.clock()
