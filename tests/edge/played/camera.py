"""A camera played step by step."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from edge.cameras.camera import CameraInfo, CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.reading.capture import CameraEnded, CameraGone, CameraOpened, CaptureNews, FrameArrived, FrameSpoiled
from edge.frame import Frame
from tests.edge.played.counting import Shot


class PlayedCamera:
    """Stands for Capture: a slot of one where it is live, else two places."""

    def __init__(self, now_s: Callable[[], float], live: bool) -> None:
        self._now_s, self.info = now_s, CameraInfo("played", "played", "microscope", live)
        self.news = deque[CaptureNews]()
        self.dropped = self.taken = self.sequence = 0
        self.started = self.closed = self.open = self.over = False
        self.reopened: list[str] = []

    def start(self) -> None:
        assert not self.started
        self.started = True

    def take(self) -> CaptureNews | None:
        assert self.started
        news = self.news.popleft() if self.news else None
        self.taken += isinstance(news, FrameArrived | FrameSpoiled)
        return news

    def reopen(self, why: str) -> None:
        self.reopened.append(why)
        self.lose()

    def close(self) -> None:
        self.closed = True
        if self.info.live:
            self.dropped += sum(isinstance(news, FrameArrived | FrameSpoiled) for news in self.news)
        self.news.clear()

    def ready(self) -> bool:
        """Whether a frame could come now."""
        if not self.started or self.closed or self.over:
            return False
        if not self.open:
            self.open = True
            self.news.append(CameraOpened())
        return self.info.live or len(self.news) < 3

    def give(self, shot: Shot | None) -> None:
        """A frame, or None for one that cannot be read."""
        if not self.ready():
            return
        waiting = [news for news in self.news if isinstance(news, FrameArrived | FrameSpoiled)]
        if self.info.live and waiting:
            self.news.remove(waiting[0])
            self.dropped += 1
        if shot is None:
            self.news.append(FrameSpoiled(FrameUnreadable("0007.jpg: truncated")))
        else:
            frame = Frame(shot.pixels(), self.sequence, "played", monotonic_s=self._now_s())
            self.news.append(FrameArrived(frame))
        self.sequence += 1

    def pass_over(self, frames: int) -> None:
        if self.info.live and self.ready():
            self.dropped += frames
            self.sequence += frames

    def lose(self, *, final: bool = False) -> None:
        if not self.started or self.closed or self.over:
            return
        self.open, self.over = False, final or not self.info.live
        error = CameraNotFound("no such device") if final else CameraLost("microscope: unplugged")
        self.news.append(CameraGone(error, None if self.over else 0.5))

    def end(self) -> None:
        if not self.info.live and self.ready():
            self.over = True
            self.news.append(CameraEnded(EndOfFrames("no more")))
