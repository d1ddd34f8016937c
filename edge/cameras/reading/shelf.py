"""What the camera gave and nobody has taken yet."""

from __future__ import annotations

import logging
from collections import deque
from enum import Enum

from edge.cameras.reading.news import CaptureNews, Delivery, FrameArrived, FrameSpoiled

log = logging.getLogger(__name__)

# Openings and losses that a loop has not looked at; it looks four times a second, a camera is lost once in some.
MOST_STATES = 32


class Overflow(str, Enum):
    """What happens to a frame for which there is no room."""

    NEWEST_WINS = "newest wins"
    SOURCE_WAITS = "source waits"


class FrameShelf:
    """Frames and changes of state in the order in which they happened, of frames at most `room`.

    NEWEST_WINS puts the oldest frame down for the newest and counts it in `dropped`; with SOURCE_WAITS the caller looks at
    `full` first. All that was laid on it is in `taken`, `dropped` or `waiting`. Not thread-safe: its owner holds a lock.
    """

    def __init__(self, overflow: Overflow, room: int) -> None:
        self._overflow, self._room = overflow, room
        self._news: deque[CaptureNews] = deque()
        self._states = 0
        self.waiting = 0
        self.taken = 0
        self.dropped = 0

    @property
    def full(self) -> bool:
        return self.waiting >= self._room

    def lay(self, delivery: Delivery) -> None:
        """Put a frame there. Raises OverflowError where there is no room and the source should have waited."""
        if self.full:
            if self._overflow is Overflow.SOURCE_WAITS:
                raise OverflowError(f"{self.waiting} frames wait already: look at `full` first")
            self._put_down(next(news for news in self._news if isinstance(news, FrameArrived | FrameSpoiled)))
        self._news.append(delivery)
        self.waiting += 1

    def tell(self, state: CaptureNews) -> None:
        """Put a change of state there; of too many the oldest is forgotten, as only the newest is true."""
        if self._states >= MOST_STATES:
            oldest = next(news for news in self._news if not isinstance(news, FrameArrived | FrameSpoiled))
            log.warning("nobody asked for what the camera did; forgotten: %s", oldest)
            self._news.remove(oldest)
            self._states -= 1
        self._news.append(state)
        self._states += 1

    def take(self) -> CaptureNews | None:
        """The oldest of what is there."""
        if not self._news:
            return None
        news = self._news.popleft()
        if isinstance(news, FrameArrived | FrameSpoiled):
            self.waiting -= 1
            self.taken += 1
        else:
            self._states -= 1
        return news

    def clear(self) -> None:
        """Nobody will take any more. A live camera's frame is dropped; a finite source still has those that wait."""
        if self._overflow is Overflow.NEWEST_WINS:
            self.dropped += self.waiting
        self._news.clear()
        self.waiting = self._states = 0

    def _put_down(self, delivery: Delivery) -> None:
        self._news.remove(delivery)
        self.waiting -= 1
        self.dropped += 1
