"""The camera's side of the loop: which frames are taken, and the books of those that are not."""

from __future__ import annotations

from dataclasses import dataclass

from edge.cameras.camera import CameraError
from edge.cameras.reading.capture import CameraEnded, CameraGone, CameraOpened, Capture, CaptureNews, FrameArrived, FrameSpoiled
from edge.frame import Frame
from edge.loop.run_machine import Happening
from edge.loop.status_board import StatusBoard
from edge.session.events import Severity
from edge.session.ledger import FrameState
from edge.session.running_ledger import RunningLedger


@dataclass(frozen=True, slots=True)
class SourceOver:
    """No more frames will come. `error` says why, `at_end` whether that is how it should be (a folder's last picture)."""

    error: CameraError
    at_end: bool


class Intake:
    """Takes what the camera gives, a thing at a time. Every frame that it took is in the books, in hand or ended.

    The camera is opened at the first `take`, and closed by who made it.
    """

    def __init__(self, capture: Capture, books: RunningLedger, board: StatusBoard) -> None:
        self._capture, self._books, self._board = capture, books, board
        self._dropped = 0
        self._told = ""
        self.live = capture.info.live
        self.over: SourceOver | None = None
        self._started = False

    def take(self, *, wanted: bool) -> CaptureNews | None:
        """The next news, entered where it belongs. A frame that is FrameArrived is in hand, and the caller's.

        While frames are not `wanted` (paused, the record is full) those of a live camera are dropped openly, as only then
        it is seen that a camera is lost, and a finite source waits.
        """
        if not self._started:
            self._started = True
            self._capture.start()
        if not wanted and not self.live:
            return None
        news = self._capture.take()
        match news:
            case FrameArrived(frame):
                self._books.captured()
                self._board.frame_came(frame)
                self._told = ""
                if not wanted:
                    self._books.end(FrameState.DROPPED)
            case FrameSpoiled(error):
                self._books.captured()
                self._books.end(FrameState.FAILED)
                self._board.say(Severity.WARNING, str(error))
            case CameraOpened():
                self._board.happen(Happening.CAMERA_OPENED)
            case CameraGone(error, retry_in_s):
                self._gone(error, retry_in_s)
            case CameraEnded(error):
                self.over = SourceOver(error, at_end=True)
        return news

    def note_drops(self) -> None:
        """Enter what the camera gave and nobody took. To be called at every turn."""
        dropped = self._capture.dropped
        if dropped > self._dropped:
            self._books.dropped(dropped - self._dropped)
            self._dropped = dropped

    def _gone(self, error: CameraError, retry_in_s: float | None) -> None:
        if str(error) != self._told:  # every try of a camera that stays away says the same
            self._told = str(error)
            self._board.say(Severity.ERROR, self._told)
        if retry_in_s is None:
            self.over = SourceOver(error, at_end=False)
        else:
            self._board.happen(Happening.CAMERA_GONE, f"{error}; tried again in {retry_in_s:.0f} s")


def frame_of(news: CaptureNews | None) -> Frame | None:
    """The frame that came, where one did."""
    return news.frame if isinstance(news, FrameArrived) else None
