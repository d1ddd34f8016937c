"""Frames on their way through the engine: prepare → infer → decode → count."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import monotonic

from edge.counting.counter import FieldCounter
from edge.counting.errors import CountingError
from edge.counting.field_count import Scale
from edge.loop.inference import Inference
from edge.loop.inference_news import EngineGone, EngineReady, EngineRepairing, InferenceDone, InferenceMissed
from edge.loop.passage import Asked, Begun, Counted, Failed, Fit, Inferred, Passage, Resting, Through, TurnedAway
from edge.loop.run_machine import Happening
from edge.loop.status_board import StatusBoard
from edge.session.events import Severity
from engines.contract import EngineError, InferenceFailed

PLACES = 2
"""One frame is inferred and the next waits, judged and measured, so that the engine never does."""
STALE_S = 0.05
"""Behind a slow engine a live frame that has waited so long gives way to a newer one: 20 pictures a second are judged."""
REST = 4.0
"""It waits at least so many times as long as it took to be judged, that large pictures leave the processor to the engine."""


@dataclass(slots=True, eq=False)
class _Place:
    """Where a frame stands in the line; from `overdue_s` on a newer live one may have its place."""

    token: int
    overdue_s: float
    passage: Passage


class EngineLine:
    """At most two frames in their order: they come out as they went in. For the loop's thread.

    While the engine infers one frame the next is measured and waits, and the one before is decoded and counted.
    """

    def __init__(
        self, inference: Inference, counter: FieldCounter, board: StatusBoard, clock: Callable[[], float] = monotonic
    ) -> None:
        self._inference, self._counter, self._board, self._clock = inference, counter, board, clock
        self._places: deque[_Place] = deque()
        self._entered = 0
        self.engine = ""
        self.gone: EngineError | None = None

    @property
    def empty(self) -> bool:
        return not self._places

    def room(self, *, live: bool) -> bool:
        """Whether a frame may enter. A live one also where it takes the place of one that is overdue."""
        if live and any(isinstance(place.passage, Asked) for place in self._places):
            return self._overdue is not None
        return len(self._places) < PLACES or (live and self._overdue is not None)

    @property
    def _overdue(self) -> _Place | None:
        """The last frame, where it has been held up by a slow engine for so long that a newer one should have its place."""
        for place in reversed(self._places):
            if not isinstance(place.passage, Begun) and self._clock() > place.overdue_s:
                return place
        return None

    def give_way(self) -> Passage | None:
        """Take out the frame that is overdue, where one is: for a newer one."""
        place = self._overdue
        if place is None:
            return None
        self._places.remove(place)
        return place.passage

    def enter(self, judged: TurnedAway | Resting | Fit, since_s: float) -> None:
        """Take in a frame that was judged from `since_s` on; a fit one is measured, and begun where the engine is free. There
        is `room`."""
        self._entered += 1
        passage = self._asked(judged) if isinstance(judged, Fit) else judged
        now_s = self._clock()
        self._places.append(_Place(self._entered, now_s + max(STALE_S, REST * (now_s - since_s)), passage))
        self._begin()

    def clear(self) -> int:
        """Take all frames out, and give their number; what the engine still gives is not heard."""
        left = len(self._places)
        self._places.clear()
        return left

    def hear(self) -> bool:
        """Take the inference thread's news, and give it the next frame. Whether there was any."""
        heard = False
        while (news := self._inference.take()) is not None:
            heard = True
            match news:
                case InferenceDone(token, answer):
                    for place, begun in self._begun(token):
                        place.passage = Inferred(begun.asked, answer)
                case InferenceMissed(token, error):
                    for place, begun in self._begun(token):
                        place.passage = Failed(begun.frame, begun.verdict, error)
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

    def through(self) -> Iterator[Through]:
        """Those that have come through, in order. One whose scale turns out wrong goes through the engine once more."""
        while self._places:
            first = self._places[0]
            if isinstance(first.passage, Inferred):
                first.passage = self.read(first.passage)
            if isinstance(first.passage, Asked | Begun | Inferred):
                break
            self._places.popleft()
            yield first.passage
        self._begin()

    def read(self, inferred: Inferred) -> Asked | Counted | Failed:
        """decode → count: what the answer says, or the question to ask next."""
        asked = inferred.asked
        frame, verdict = asked.frame, asked.verdict
        try:
            read = self._counter.read(inferred.answer, frame.um_per_px, asked.look)
            if isinstance(read, Scale):
                return Asked(frame, verdict, read, self._counter.prepared(frame.pixels, read), asked.look + 1)
            return Counted(frame, verdict, read, self._counter.counted(read))
        except (InferenceFailed, CountingError) as error:
            return Failed(frame, verdict, error)

    def _asked(self, fit: Fit) -> Asked | Failed:
        frame, verdict = fit.frame, fit.verdict
        try:
            scale = self._counter.scale(frame.pixels, frame.um_per_px)
            return Asked(frame, verdict, scale, self._counter.prepared(frame.pixels, scale))
        except CountingError as error:
            return Failed(frame, verdict, error)

    def _begun(self, token: int) -> Iterator[tuple[_Place, Begun]]:
        """The frame that was begun with this token, if it was not taken out since."""
        return ((place, place.passage) for place in self._places if place.token == token and isinstance(place.passage, Begun))

    def _begin(self) -> None:
        for place in self._places:
            if isinstance(place.passage, Asked) and not self._inference.busy:
                asked = place.passage
                place.passage = Begun(asked)
                self._inference.begin(place.token, asked.question, asked.scale)
                return
