"""The camera's side of the loop: one camera kept open on threads that may hang, and its frames to be taken from."""

from __future__ import annotations

import logging
from collections.abc import Callable
from threading import Condition, Lock, Thread
from time import monotonic

from edge.cameras.camera import Camera, CameraError, CameraInfo, CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.reading.backoff import Backoff
from edge.cameras.reading.news import (
    CameraEnded,
    CameraGone,
    CameraOpened,
    CaptureNews,
    Delivery,
    FrameArrived,
    FrameSpoiled,
)
from edge.cameras.reading.numbers import FrameNumbers
from edge.cameras.reading.reader import CameraReader, Doing, Patience
from edge.cameras.reading.shelf import FrameShelf, Overflow
from edge.frame import Frame

__all__ = ["CameraEnded", "CameraGone", "CameraOpened", "Capture", "CaptureNews", "FrameArrived", "FrameSpoiled"]

log = logging.getLogger(__name__)

FINITE_ROOM = 2
# So long must frames have come before a loss counts as the first again.
FLOWING_S = 10.0
# With so many threads hanging the driver is stuck, and only a restart frees them: another is risked every STUCK_S alone, so
# that a cabinet left to itself for a week hangs some thousand threads at most, and still comes back by itself.
MOST_HUNG = 32
STUCK_S = 600.0


class Capture:
    """Reads a camera from its `start` to its `close`, and opens it again when it is lost.

    A live camera's newest frame lies in a slot of one: one that nobody took is dropped for the next. Of a finite source two
    frames wait, and the source with them; it is never opened twice, as it would begin again from its first frame. A thread
    keeps the camera open; each opening is read on a thread of its own (see `CameraReader`), which is abandoned when it
    hangs: whatever it still hands in is ignored, it releases its camera itself, and a new camera object takes its place.

    `open_camera` makes a camera object, not yet opened: here, and again for each one that hung. `wake` is called, on any
    thread, when `take` has news. A read that lasts `read_timeout_s` hangs, and so do a release after `release_timeout_s` and
    an opening after `open_timeout_s` (the slowest kind, a network stream, gives up by itself after 15 s).
    """

    def __init__(
        self, open_camera: Callable[[], Camera], wake: Callable[[], object], *, read_timeout_s: float = 5.0,
        release_timeout_s: float = 3.0, open_timeout_s: float = 20.0, backoff: Backoff | None = None,
        clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._open_camera, self._wake, self._release_s = open_camera, wake, release_timeout_s
        hung_s = {Doing.OPENING: open_timeout_s, Doing.READING: read_timeout_s, Doing.CLOSING: release_timeout_s}
        self._patience, self._clock = Patience(hung_s, clock), clock
        self._backoff = backoff or Backoff()
        self._camera: Camera | None = open_camera()
        self._info = self._camera.info
        # Guards all below; the reader's thread, the keeping one and the loop's meet here, none of them for long.
        lock = Lock()
        self._changed, self._room = Condition(lock), Condition(lock)
        self._shelf = FrameShelf(*((Overflow.NEWEST_WINS, 1) if self._info.live else (Overflow.SOURCE_WAITS, FINITE_ROOM)))
        self._numbers = FrameNumbers()
        self._reader: CameraReader | None = None
        self._hung: list[CameraReader] = []
        self._why_reopen: str | None = None
        self._closing = False
        self._keeper = Thread(target=self._keep_open, name=f"keeper of {self._info.name}", daemon=True)

    @property
    def info(self) -> CameraInfo:
        """Of the camera, known before it is opened."""
        return self._info

    @property
    def dropped(self) -> int:
        """Frames that the device gave since `start` and nobody took; grows only, also across openings, and by the frame in
        the slot at `close`. Always 0 for a finite source."""
        with self._changed:
            return self._numbers.dropped + self._shelf.dropped

    def start(self) -> None:
        """Open the camera; what comes of it is told by `take`. To be called once, before `close`."""
        self._keeper.start()

    def take(self) -> CaptureNews | None:
        """What happened next, or None where nothing did. Never blocks."""
        with self._changed:
            news = self._shelf.take()
            self._room.notify_all()
        return news

    def reopen(self, why: str) -> None:
        """Release a live camera and open it again after the back-off, as its frames are of no use; `why` is a few words.

        CameraGone and CameraOpened tell of it. Nothing happens to a finite source, or while the camera is gone anyway.
        """
        with self._changed:
            if self._info.live and self._reader is not None:
                self._why_reopen = why
                self._reader.stopping = True

    def close(self) -> None:
        """Release the camera; returns within `release_timeout_s`, and leaves a thread that hangs to itself. Twice does no harm.

        `take` gives nothing more, and `dropped` is final.
        """
        with self._changed:
            self._closing = True
            if self._reader is not None:
                self._reader.stopping = True
            self._room.notify_all()
            self._changed.notify_all()
        if self._keeper.is_alive():
            self._keeper.join()  # it never enters the device, and waits for the reader no longer than that
        with self._changed:
            self._shelf.clear()

    # What a reader calls, on its thread (reader.Desk).

    def opened(self, reader: CameraReader) -> bool:
        with self._changed:
            if reader is not self._reader:
                return False
            self._shelf.tell(CameraOpened())
        self._wake()
        return not reader.stopping

    def arrived(self, reader: CameraReader, frame: Frame) -> bool:
        return self._lay(reader, lambda: FrameArrived(self._numbers.numbered(frame)))

    def spoiled(self, reader: CameraReader, error: FrameUnreadable) -> bool:
        return self._lay(reader, lambda: FrameSpoiled(error))

    def ended(self, reader: CameraReader) -> None:
        with self._changed:
            reader.ended = True
            if reader is not self._reader:
                log.warning("%s: the call that hung has returned, and the camera was released", self._info.name)
            self._changed.notify_all()

    def _lay(self, reader: CameraReader, delivery: Callable[[], Delivery]) -> bool:
        with self._changed:
            if not self._info.live:
                self._room.wait_for(lambda: not self._shelf.full or reader.stopping)
            if reader is not self._reader or (self._shelf.full and not self._info.live):
                return False
            self._shelf.lay(delivery())
        self._wake()
        return not reader.stopping

    # The keeping thread from here on.

    def _keep_open(self) -> None:
        opening = 0
        while True:
            error = self._read_once()
            opening += 1
            with self._changed:
                if self._closing:
                    return
                news = self._told(error, first=opening == 1)
                self._shelf.tell(news)
            self._wake()
            if not isinstance(news, CameraGone) or news.retry_in_s is None:
                return
            with self._changed:
                enough = self._is_closing if not self._stuck() else lambda: self._closing or not self._stuck()
                self._changed.wait_for(enough, news.retry_in_s)
                if self._closing:
                    return

    def _told(self, error: CameraError, *, first: bool) -> CameraEnded | CameraGone:
        if isinstance(error, EndOfFrames):
            return CameraEnded(error)
        if not self._info.live or (first and isinstance(error, CameraNotFound)):
            return CameraGone(error, None)
        if self._stuck():
            return CameraGone(CameraLost(f"{error}; {len(self._hung)} calls hang in its driver: restart the machine"), STUCK_S)
        return CameraGone(error, self._backoff.next_s())

    def _is_closing(self) -> bool:
        return self._closing

    def _stuck(self) -> bool:
        self._hung = [reader for reader in self._hung if not reader.ended]
        return len(self._hung) >= MOST_HUNG

    def _read_once(self) -> CameraError:
        """One opening, from its begin to its end or to where it hangs; gives why it is over."""
        reader = CameraReader(self._camera, self._open_camera, self._info.name, self, self._patience)
        with self._changed:
            if self._closing:
                return reader.error
            self._numbers.begin()
            self._reader, self._why_reopen = reader, None
        try:
            reader.start()
        except RuntimeError as error:  # the system gives no more threads; later it may
            return CameraLost(f"{self._info.name}: no thread to read it on ({error}); close other programs")
        over = self._watched(reader)
        if reader.flowed_s >= FLOWING_S:
            self._backoff.reset()
        return over

    def _watched(self, reader: CameraReader) -> CameraError:
        until_s = float("inf")
        with self._changed:
            while not reader.ended:
                now_s = self._clock()
                if self._closing:
                    until_s = min(until_s, now_s + self._release_s)
                doing, left_s = reader.hung()
                left_s = min(left_s, until_s - now_s)
                if left_s <= 0:
                    return self._abandoned(reader, doing)
                # The reader does not say when it enters the device, so that a frame costs no wake-up here.
                self._changed.wait(min(left_s, *self._patience.hung_s.values()))
            self._reader, self._camera = None, reader.camera
            if self._why_reopen is not None:
                return CameraLost(f"{self._info.name}: {self._why_reopen}; it is opened again")
            return reader.error

    def _abandoned(self, reader: CameraReader, doing: Doing | None) -> CameraError:
        self._reader = self._camera = None  # from now on whatever the thread hands in is ignored
        self._hung.append(reader)
        hangs = f"{self._info.name} hangs in {doing.value if doing else 'ending'} and was abandoned"
        log.warning("%s; it is released if the call returns", hangs)
        return CameraLost(f"{hangs}; check cable and power, or plug it in again")
