"""Frames on their way through the engine: prepare → infer → decode → count."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic
from typing import Any

from edge.counting.counter import FieldCounter, Seen
from edge.counting.errors import CountingError
from edge.counting.field_count import FieldCount, Scale
from edge.frame import Frame
from edge.loop.inference import Inference
from edge.loop.inference_news import EngineGone, EngineReady, EngineRepairing, InferenceDone, InferenceMissed
from edge.loop.run_machine import Happening
from edge.loop.status_board import StatusBoard
from edge.optics.verdict import Accepted, Verdict
from edge.session.events import Severity
from engines.contract import EngineError, InferenceFailed

PLACES = 2
"""One frame is inferred and the next waits, judged and measured, so that the engine never does."""
STALE_S = 0.05
"""Behind a slow engine a live frame that has waited so long gives way to a newer one: 20 pictures a second are judged."""
REST = 4.0
"""It waits at least so many times as long as it took to be judged, that large pictures leave the processor to the engine."""


@dataclass(slots=True, eq=False)
class Passage:
    """One frame on its way. It has come through where it was rejected, where it failed, or where it is counted."""

    token: int
    frame: Frame
    verdict: Verdict
    overdue_s: float
    scale: Scale | None = None
    asked: Any = None
    begun: bool = False
    look: int = 1
    inferred: Any = None
    seen: Seen | None = None
    count: FieldCount | None = None
    error: Exception | None = None

    @property
    def waits(self) -> bool:
        """It is for the engine, which has not begun it."""
        return self.scale is not None and not self.begun and self.error is None

    @property
    def back(self) -> bool:
        """The engine has done, or has nothing to do."""
        return self.scale is None or self.error is not None or self.inferred is not None


class EngineLine:
    """At most two frames in their order: they come out as they went in. For the loop's thread.

    While the engine infers one frame the next is measured and waits, and the one before is decoded and counted.
    """

    def __init__(
        self, inference: Inference[Any, Any], counter: FieldCounter, board: StatusBoard, clock: Callable[[], float] = monotonic
    ) -> None:
        self._inference, self._counter, self._board, self._clock = inference, counter, board, clock
        self._passages: deque[Passage] = deque()
        self._entered = 0
        self.engine = ""
        self.gone: EngineError | None = None

    @property
    def empty(self) -> bool:
        return not self._passages

    def room(self, *, live: bool) -> bool:
        """Whether a frame may enter. A live one also where it takes the place of one that is `overdue`."""
        if live and any(passage.waits for passage in self._passages):
            return self.overdue is not None
        return len(self._passages) < PLACES or (live and self.overdue is not None)

    @property
    def overdue(self) -> Passage | None:
        """The last frame, where it has been held up by a slow engine for so long that a newer one should have its place."""
        for passage in reversed(self._passages):
            if (passage.waits or passage.back) and self._clock() > passage.overdue_s:
                return passage
        return None

    def enter(self, frame: Frame, verdict: Verdict, since_s: float) -> None:
        """Take in a frame that was judged from `since_s` on; an accepted one is measured,
        and begun where the engine is free. There is `room`."""
        self._entered += 1
        passage = Passage(self._entered, frame, verdict, 0.0)
        if isinstance(verdict, Accepted):
            try:
                passage.scale = self._counter.scale(frame.pixels, frame.um_per_px)
                passage.asked = self._counter.prepared(frame.pixels, passage.scale)
            except CountingError as error:
                passage.error = error
        now_s = self._clock()
        passage.overdue_s = now_s + max(STALE_S, REST * (now_s - since_s))
        self._passages.append(passage)
        self._begin()

    def withdraw(self, passage: Passage) -> None:
        """Take a frame out that the engine is not at work on."""
        self._passages.remove(passage)

    def clear(self) -> tuple[Passage, ...]:
        """Take all frames out; what the engine still gives is not heard."""
        left = tuple(self._passages)
        self._passages.clear()
        return left

    def hear(self) -> bool:
        """Take the inference thread's news, and give it the next frame. Whether there was any."""
        heard = False
        while (news := self._inference.take()) is not None:
            heard = True
            match news:
                case InferenceDone(token, inferred):
                    if (passage := self._of(token)) is not None:
                        passage.inferred = inferred
                case InferenceMissed(token, error):
                    if (passage := self._of(token)) is not None:
                        passage.error = error
                case EngineRepairing(text):
                    self._board.say(Severity.WARNING, text)
                    self._board.happen(Happening.ENGINE_REPAIRING, text)
                case EngineReady(opened, text):
                    self.engine, self._board.runtime = opened.stamp, opened.engine.runtime
                    if text:
                        self._board.say(Severity.WARNING, text)
                        self._board.on_event("engine", text)
                    self._board.happen(Happening.ENGINE_READY)
                case EngineGone(error):
                    self.gone = error
                    self._board.say(Severity.ERROR, str(error))
        self._begin()
        return heard

    def counted(self) -> Iterator[Passage]:
        """Those that have come through, in order. One whose scale turns out wrong goes through the engine once more."""
        while self._passages and self._passages[0].back:
            first = self._passages[0]
            if first.inferred is not None and first.error is None:
                self._read(first)
            if first.waits:
                break
            self._passages.popleft()
            yield first
        self._begin()

    def _of(self, token: int) -> Passage | None:
        return next((passage for passage in self._passages if passage.token == token), None)

    def _begin(self) -> None:
        passage = next((passage for passage in self._passages if passage.waits), None)
        if passage is not None and passage.scale is not None and not self._inference.busy:
            passage.begun = True
            self._inference.begin(passage.token, passage.asked, passage.scale)

    def _read(self, passage: Passage) -> None:
        try:
            read = self._counter.read(passage.inferred, passage.frame.um_per_px, passage.look)
            if isinstance(read, Scale):
                passage.scale, passage.look, passage.begun, passage.inferred = read, passage.look + 1, False, None
                passage.asked = self._counter.prepared(passage.frame.pixels, read)
                return
            passage.seen, passage.count = read, self._counter.counted(read)
        except (InferenceFailed, CountingError) as error:
            passage.error = error
