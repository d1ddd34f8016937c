"""An inference thread played step by step."""

from __future__ import annotations

from collections import deque
from typing import Any

from edge.counting.field_count import Scale
from edge.frame import Pixels
from edge.loop.inference_news import EngineGone, EngineReady, EngineRepairing, InferenceDone, InferenceMissed
from engines.contract import EngineError, InferenceFailed
from tests.edge.played.counting import Shot, shot_of


class PlayedEngine:
    """Stands for Inference."""

    def __init__(self) -> None:
        self.news = deque[Any]()
        self.ready = self.started = self.closed = self.gone = False
        self.task: tuple[int, Shot, Scale] | None = None
        self.begun: list[tuple[int, Scale]] = []

    @property
    def busy(self) -> bool:
        return self.task is not None or not self.ready

    def start(self) -> None:
        self.started = True

    def begin(self, token: int, asked: Pixels, scale: Scale) -> None:
        assert not self.busy, "begun while busy"
        self.task = token, shot_of(asked), scale
        self.begun.append((token, scale))

    def take(self) -> Any:
        return self.news.popleft() if self.news else None

    def close(self) -> None:
        self.closed, self.task = True, None

    def come(self) -> None:
        """An engine is open, at first or again."""
        if self.started and not self.ready and not self.gone:
            self.ready = True
            self.news.append(EngineReady(_opened(), ""))

    def finish(self) -> None:
        if self.task is not None:
            token, shot, scale = self.task
            self.task = None
            self.news.append(InferenceDone(token, (token, shot, scale)))

    def miss(self, *, repair: bool = False) -> None:
        if self.task is not None:
            token, self.task = self.task[0], None
            self.news.append(InferenceMissed(token, InferenceFailed("out of memory")))
        if repair and self.ready:
            self.ready = False
            self.news.append(EngineRepairing("3 frames in a row failed"))

    def go(self) -> None:
        self.miss(repair=True)
        self.gone, self.ready = True, False
        self.news.append(EngineGone(EngineError("none is left")))


def _opened() -> Any:
    class Runtime:
        runtime = "played"

    class Opened:
        engine, stamp = Runtime(), "played stamp"

    return Opened()
