"""The state of a running session, as every face of the program reads it.

A session is one sitting at one microscope; within it a slide is one smear. The loop publishes events; a face (the TUI,
the log) subscribes to them and sends requests back. Neither knows the other's insides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from edge.counting.cell import CellClass, Method
from edge.counting.field_count import FieldCount, Scale
from edge.frame import Frame
from edge.optics.verdict import Quality, Verdict
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import FinishReason, RunState
from edge.session.wishes import Wish
from edge.slide.totals import SlideTotals


class DiskLevel(str, Enum):
    """LOW: pictures are being dropped by the retention policy. FULL: intake is paused, counts are still recorded."""

    OK = "ok"
    LOW = "low"
    FULL = "full"


@dataclass(frozen=True, slots=True)
class Disk:
    """The disk that the record lies on."""

    free_bytes: int
    level: DiskLevel


@dataclass(frozen=True, slots=True)
class PastCount:
    """One committed field of the slide in hand, for the line of the last fields. `number` counts from 1 within the slide."""

    number: int
    counts: Mapping[CellClass, int]


@dataclass(frozen=True, slots=True)
class Status:
    """One consistent snapshot of a session: what the screen, the log, the watchdog and the metrics read.

    Rates are per second, latencies in milliseconds, `*_s` are monotonic. `detail` is one sentence on why the state is what
    it is, "" where the word says all. `quality` is the last judged frame's. `recent` are the last fields of the slide in
    hand, oldest first, 60 at most. `turned_s` is when the loop last went round, `frame_s` when it last took a frame:
    a watchdog goes by them. `clock_trusted` is None where this machine does not say whether its clock is set.
    """

    session_id: str
    run_state: RunState
    camera: str
    simulated: bool
    model: str
    runtime: str
    totals: SlideTotals
    ledger: Ledger
    methods: Mapping[CellClass, Method]
    auto: bool
    detail: str = ""
    specimen: str = ""
    scale: Scale | None = None
    quality: Quality | None = None
    overlap: float = 0.0
    frames_per_s: float = 0.0
    latency_ms: float = 0.0
    recent: tuple[PastCount, ...] = ()
    disk: Disk | None = None
    clock_trusted: bool | None = None
    turned_s: float = 0.0
    frame_s: float = 0.0
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FieldSeen:
    """A frame went through the loop. `count` is None where it was rejected or inference failed: unknown, not zero.

    `state` is None while the field is only shown and may still be accepted by the person. A frame is told as COUNTED when it is
    on the disk: a later frame may have been told before it, and been shown.
    """

    frame: Frame
    verdict: Verdict
    count: FieldCount | None
    state: FrameState | None
    status: Status


@dataclass(frozen=True, slots=True)
class StatusChanged:
    """Something other than a frame changed the status (paused, lost, new slide, finished)."""

    status: Status


class Severity(str, Enum):
    INFO = "information"
    WARNING = "warning"
    ERROR = "error"


@dataclass(frozen=True, slots=True)
class Notice:
    """One line for the person at the microscope, and for the log."""

    severity: Severity
    text: str


Event = FieldSeen | StatusChanged | Notice
Subscriber = Callable[[Event], None]


class Session(Protocol):
    """A loop on its own thread, as a face drives it. Every method may be called from any thread."""

    @property
    def status(self) -> Status: ...

    def start(self, subscriber: Subscriber) -> None:
        """Begin; `subscriber` is called on the loop's thread and must return at once."""
        ...

    def request(self, wish: Wish) -> None:
        """Ask for something; the answer comes as an event."""
        ...

    def close(self) -> None:
        """Stop, and wait until the field in hand is committed and the camera released. Twice does no harm."""
        ...
