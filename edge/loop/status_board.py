"""What the faces of a session are told."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from time import monotonic

from edge.cameras.camera import CameraInfo
from edge.counting.cell import CellClass, Method
from edge.counting.field_count import FieldCount, Scale
from edge.frame import Frame
from edge.loop.run_machine import Happening, RunMachine
from edge.loop.settings import LoopSettings
from edge.optics.verdict import Verdict
from edge.session.events import Disk, Event, FieldSeen, Notice, PastCount, Severity, Status, StatusChanged, Subscriber
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from edge.slide.totals import SlideTotals

log = logging.getLogger("edge.loop")

RATE_FRAMES = 20
STILL_S = 2.0
"""After so long without a frame the rate is 0, not what it was."""
_LEVELS = {Severity.INFO: logging.INFO, Severity.WARNING: logging.WARNING, Severity.ERROR: logging.ERROR}


def _nobody(event: Event) -> None:
    pass


class StatusBoard:
    """Holds what is known of a session and tells its subscriber. Written by the loop's thread; `status` is for any thread."""

    def __init__(
        self, info: CameraInfo, settings: LoopSettings, books: RunningLedger, methods: Mapping[CellClass, Method],
        clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._info, self._settings, self._books, self._methods, self._clock = info, settings, books, methods, clock
        self._subscriber: Subscriber = _nobody
        self.machine = RunMachine()
        self.on_event: Callable[[str, str], None] = lambda kind, text: None
        """Where what happened is written down: a kind (`state`, `engine`) and a text."""
        self.session_id, self.specimen, self.runtime, self.auto = "", "", settings.runtime, settings.auto
        self.totals = SlideTotals("slide 1")
        self.recent: tuple[PastCount, ...] = ()
        self.disk: Disk | None = None
        self.clock_trusted: bool | None = None
        self.scale: Scale | None = None
        self.verdict: Verdict | None = None
        self.overlap = self.latency_ms = 0.0
        self.reason: FinishReason | None = None
        self._taken_s: deque[float] = deque(maxlen=RATE_FRAMES)
        self._frame_s = 0.0
        self._status = self._now()

    @property
    def status(self) -> Status:
        """As of the last turn of the loop."""
        return self._status

    def subscribe(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber

    def turned(self) -> None:
        """The loop went round."""
        self._status = self._now()

    def frame_came(self, frame: Frame) -> None:
        """A frame was taken from the camera."""
        self._taken_s.append(frame.monotonic_s)
        self._frame_s = self._clock()
        self.happen(Happening.FRAME_CAME)

    def happen(self, happening: Happening, why: str = "") -> None:
        """Move the machine, and tell where it shows."""
        before = self.machine.state
        if not self.machine.happen(happening, why):
            return
        if self.machine.state is not before:
            self.on_event("state", f"{self.machine.state.value}: {self.machine.detail}".rstrip(": "))
        self.changed()

    def changed(self) -> None:
        """Tell that the status is another."""
        self.turned()
        self._tell(StatusChanged(self._status))

    def show(self, frame: Frame, verdict: Verdict, count: FieldCount | None, state: FrameState | None) -> None:
        """Tell what came of a frame; `state` is None where it is only shown."""
        self.turned()
        self._tell(FieldSeen(frame, verdict, count, state, self._status))

    def say(self, severity: Severity, text: str) -> None:
        """A line for the person and the log."""
        log.log(_LEVELS[severity], "%s", text)
        self._tell(Notice(severity, text))

    def _tell(self, event: Event) -> None:
        try:
            self._subscriber(event)
        except BaseException:
            self._subscriber = _nobody  # a face that failed must not keep the session from being closed in order
            raise

    def _now(self) -> Status:
        now_s, taken = self._clock(), self._taken_s
        flows = len(taken) > 1 and taken[-1] > taken[0] and now_s - self._frame_s < STILL_S
        return Status(
            session_id=self.session_id, run_state=self.machine.state, camera=self._info.name, simulated=self._info.simulated,
            model=self._settings.model, runtime=self.runtime, totals=self.totals, ledger=self._books.ledger,
            methods=dict(self._methods), auto=self.auto, detail=self.machine.detail, specimen=self.specimen, scale=self.scale,
            quality=self.verdict.quality if self.verdict else None, overlap=self.overlap,
            frames_per_s=(len(taken) - 1) / (taken[-1] - taken[0]) if flows else 0.0, latency_ms=self.latency_ms,
            recent=self.recent, disk=self.disk, clock_trusted=self.clock_trusted, turned_s=now_s, frame_s=self._frame_s,
            finish_reason=self.reason,
        )  # fmt: skip
