"""A camera that does what a script says, on whatever thread reads it; every wait is for an event."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from queue import SimpleQueue
from threading import Event, Lock
from time import monotonic
from types import TracebackType
from typing import Any

import numpy as np

from edge.cameras.camera import CameraInfo, CameraLost
from edge.cameras.reading.capture import Capture, CaptureNews
from edge.frame import Frame

PATIENCE_S = 20.0
PIXELS = np.full((6, 8, 3), 90, np.uint8)


def frame(sequence: int) -> Frame:
    return Frame(PIXELS, sequence, "scripted camera", simulated=True)


class HandClock:
    """Monotonic seconds that pass only where a script says so: a slow machine makes nobody hang."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s


@dataclass
class Gate:
    """A call that does not return until `freed` is set, and then gives `result` (or raises it). No time passes meanwhile."""

    result: int | Exception = 0
    freed: Event = field(default_factory=Event)
    entered: Event = field(default_factory=Event)
    lasts_s: float = 0.0

    def wait(self, clock: HandClock) -> int:
        clock.now_s += self.lasts_s
        self.entered.set()
        self.freed.wait()
        if isinstance(self.result, Exception):
            raise self.result
        return self.result


@dataclass
class Hang(Gate):
    """A call in which time passes, so that it is seen to hang."""

    lasts_s: float = 3600.0


Step = int | Exception | Gate | Callable[[], object]
"""One read: that many frames were dropped by the device and one is given; an error; a gate or a hang; a call (then a frame)."""


class ScriptedCamera:
    """Reads go through `steps`, then wait to be closed (as a live camera that gives nothing would: they hang).

    `opening` and `closing` happen at entering and leaving. `exits` counts the releases.
    """

    def __init__(
        self,
        steps: Sequence[Step] = (),
        *,
        live: bool = True,
        opening: Exception | Gate | None = None,
        closing: Exception | Gate | None = None,
    ) -> None:
        self.steps, self.live, self.opening = list(steps), live, opening
        self.closing = closing
        self.clock = HandClock()
        self._sequence = 0
        self.given = 0
        self.reads = 0
        self.entered, self.exits = 0, 0
        self.hangs = [step for step in self.steps if isinstance(step, Gate)]
        self.idle = Event()
        self.released = Event()
        self.end = Gate(CameraLost("the script is over"))

    @property
    def info(self) -> CameraInfo:
        return CameraInfo("scripted", "scripted", "scripted camera", self.live, simulated=True)

    def __enter__(self) -> ScriptedCamera:
        self.entered += 1
        if isinstance(self.opening, Gate):
            self.opening.wait(self.clock)
        elif self.opening is not None:
            raise self.opening
        self._sequence = self.given = 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if isinstance(self.closing, Gate):
            self.closing.wait(self.clock)
        self.exits += 1
        self.released.set()
        if isinstance(self.closing, Exception):
            raise self.closing

    def then(self, steps: Sequence[Step]) -> None:
        """Go on with `steps`."""
        self.steps += steps
        self.hangs += [step for step in steps if isinstance(step, Gate)]

    def read(self) -> Frame:
        self.reads += 1
        if not self.steps:
            self.idle.set()
            self.end.wait(self.clock)
        step = self.steps.pop(0) if self.steps else 0
        if isinstance(step, Exception):
            raise step
        if isinstance(step, Gate):
            step = step.wait(self.clock)
        elif not isinstance(step, int):
            step()
            step = 0
        self._sequence += step + 1
        self.given += 1
        return frame(self._sequence - 1)


class Watched:
    """A capture and what it told, waited for without sleeping."""

    def __init__(self, cameras: Sequence[ScriptedCamera], **options: Any) -> None:
        self.made: list[ScriptedCamera] = []
        self._left = list(cameras)
        self._bell: SimpleQueue[None] = SimpleQueue()
        self._lock = Lock()
        self.clock = HandClock()
        options.setdefault("clock", self.clock)
        self.capture = Capture(self._make, lambda: self._bell.put(None), **options)
        self.news: list[CaptureNews] = []

    def _make(self) -> ScriptedCamera:
        with self._lock:
            camera = self._left.pop(0)
            camera.clock = self.clock
            self.made.append(camera)
            return camera

    def next(self) -> CaptureNews:
        """The next news; fails after PATIENCE_S."""
        until_s = monotonic() + PATIENCE_S
        while (news := self.capture.take()) is None:
            self._bell.get(timeout=max(0.0, until_s - monotonic()))
        self.news.append(news)
        return news

    def until(self, kind: type) -> list[CaptureNews]:
        """All news up to and with the first of this kind."""
        found = [self.next()]
        while not isinstance(found[-1], kind):
            found.append(self.next())
        return found

    def __enter__(self) -> Watched:
        self.capture.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Let every hung call go, close, and see all threads end."""
        for camera in [*self.made, *self._left]:
            for hang in [camera.end, camera.opening, camera.closing, *camera.steps, *camera.hangs]:
                if isinstance(hang, Gate):
                    hang.freed.set()
        self.capture.close()
