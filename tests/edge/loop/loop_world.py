"""A loop whose camera, engine and disk are played by one thread: nothing sleeps, and every step is a test's or a hypothesis'.

The loop waits at its bell; each wait plays the next step of the script. Before and after, the books are held against what
really happened to every frame.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timezone
from typing import Any

from edge.loop.engine_line import PLACES
from edge.loop.loop import Clocks, Loop, Workers
from edge.loop.settings import LoopSettings
from edge.optics.judge import Judge
from edge.record.news import Resumed
from edge.session.events import (
    DiskLevel,
    Event,
    FieldSeen,
    Notice,
    Severity,
    StatusChanged,
)
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from edge.session.wall_clock import ClockJump
from edge.session.wishes import Request, Wish
from edge.slide.counted_area import CountedArea
from tests.edge.played.camera import PlayedCamera
from tests.edge.played.counting import PlayedCounter, PlayedCoverage, PlayedGate, Shot
from tests.edge.played.engine import PlayedEngine
from tests.edge.played.record import PlayedRecord, Row
from tests.edge.played.steps import READY

__all__ = ["Row", "Shot", "Step", "World", "played", "spots"]


class PlayedClock:
    """Stands for WallWatch."""

    def __init__(self) -> None:
        self.jump_s = 0.0

    def look(self) -> ClockJump | None:
        jump_s, self.jump_s = self.jump_s, 0.0
        now = datetime(2026, 11, 20, tzinfo=timezone.utc)
        return ClockJump(jump_s, now, now, 0.0) if jump_s else None


Step = Callable[["World"], object]

ON_SCREEN, AT_THE_RECORD = 1, 5
"""Frames that may be in hand beside those in the engine's line: the one that is shown, and those being committed."""


@dataclass
class World:
    """A loop and all around it. After the script everything works again, and a live session is stopped."""

    script: Sequence[Step]
    live: bool = True
    auto: bool = True
    plan: dict[str, Any] = field(default_factory=dict)
    resumed: Resumed | None = None
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.now_s = 1000.0
        self.books = RunningLedger()
        self.camera, self.engine, self.record = (
            PlayedCamera(lambda: self.now_s, self.live),
            PlayedEngine(),
            PlayedRecord(self.books),
        )
        self.record.resumed, self.record.rows = self.resumed, self.rows
        self.wall, self.coverage = PlayedClock(), PlayedCoverage()
        self.events: list[Event] = []
        self.counter = PlayedCounter()
        self.idle = 0
        self._left = deque(self.script)
        workers: Any = Workers(self.camera, self.engine, self.record, self, self.books)  # type: ignore[arg-type]
        clocks: Any = Clocks(lambda: self.now_s, self.wall, lambda: None)  # type: ignore[arg-type]
        self.loop = Loop(
            workers, Judge(PlayedGate(), None, None), self.counter, CountedArea(self.coverage),  # type: ignore[arg-type]
            LoopSettings(self.auto, "drawn", "played", **self.plan), clocks,
        )  # fmt: skip

    def run(self) -> FinishReason:
        reason = self.loop.run(self._hear)
        self.check(at_end=True)
        return reason

    def ask(self, wish: Wish) -> None:
        self.loop.request(wish)

    def _hear(self, event: Event) -> None:
        self.events.append(event)

    # The bell (threading.Event), as the loop sees it.

    def set(self) -> None:
        pass

    def clear(self) -> None:
        self.now_s += 0.001  # a turn takes its time

    def wait(self, timeout_s: float) -> None:
        assert timeout_s <= 0.25
        self.check()
        self.now_s += 0.02
        if self._left:
            self._left.popleft()(self)
            return
        self.idle += 1
        assert self.idle < 2000, f"the session does not end: {self.loop.status}"
        self._settle()

    def _settle(self) -> None:
        self.record.open()
        self.engine.come()
        self.engine.finish()
        self.record.work()
        self.record.disk(DiskLevel.OK)
        if self.idle > 10:
            self.camera.end()
        if self.idle > 20:
            self.ask(Request.STOP)

    # What must hold whenever the loop waits.

    def check(self, *, at_end: bool = False) -> None:
        ledger, camera = self.books.ledger, self.camera
        before = self.resumed.ledger.captured if self.resumed and self.record.opened else 0
        assert ledger.captured == camera.taken + camera.dropped + before, "captured is what the camera gave"
        assert 0 <= ledger.in_hand <= PLACES + ON_SCREEN + AT_THE_RECORD, "no frame in hand is forgotten"
        known = self.record.opened or not self.resumed
        assert ledger.counted == (len(self.record.kept) if known else 0), "counted is what is on the disk"
        assert sum(self.books.rejections.values()) == ledger.rejected, "each rejected frame has its reason"
        if at_end:
            self._check_end()

    def _check_end(self) -> None:
        status, ledger = self.loop.status, self.books.ledger
        assert ledger.in_hand == 0
        assert status.ledger == ledger
        assert status.finish_reason is not None
        if not self.record.failed:
            assert status.totals == self.record.totals, "the screen says what the store says"
            assert self.record.written == ledger, "and the store's ledger is the screen's"
        told = [event for event in self.events if isinstance(event, FieldSeen) and event.state is not None]
        assert len({id(event.frame) for event in told}) == len(told), "each frame ends once"
        assert all(event.count is None for event in told if event.state in (FrameState.FAILED, FrameState.REJECTED)), (
            "what failed is unknown, not zero"
        )
        counted = [event for event in told if event.state is FrameState.COUNTED]
        assert len(counted) == len(self.record.rows) - len([row for row in self.record.rows if row.token == 0])
        assert all(event.count is not None and "compare" in event.count.ms for event in counted)
        assert self.camera.closed or not self.camera.started
        assert self.engine.closed
        assert self.record.closed

    def said(self, severity: Severity) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Notice) and event.severity is severity)

    def seen(self, state: FrameState | None) -> list[FieldSeen]:
        return [event for event in self.events if isinstance(event, FieldSeen) and event.state is state]

    def states(self) -> list[str]:
        """The states that were shown, each once in a row."""
        told = [event.status.run_state.value for event in self.events if isinstance(event, StatusChanged | FieldSeen)]
        return [state for n, state in enumerate(told) if n == 0 or told[n - 1] != state]


def played(*script: Step, **more: object) -> World:
    world = World([*READY, *script], **more)  # type: ignore[arg-type]
    world.run()
    return world


def spots(world: World) -> list[int]:
    """The spots that are on the disk and not undone."""
    return [row.spot for row in world.record.kept]
