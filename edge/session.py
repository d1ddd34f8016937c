"""The state of a running session, as every face of the program reads it.

A session is one sitting at one microscope; within it a slide is one smear. The loop publishes events; a face (the TUI,
the log) subscribes to them and sends requests back. Neither knows the other's insides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from edge.counting.cells import CellClass, Method
from edge.counting.field_count import FieldCount, Scale
from edge.frame import Frame
from edge.optics.verdict import Verdict


class RunState(str, Enum):
    """What the loop is doing."""

    OPENING = "opening"
    STREAMING = "streaming"
    PAUSED = "paused"
    LOST = "lost"
    FINISHED = "finished"


class FinishReason(str, Enum):
    """Why a session ended."""

    END_OF_FRAMES = "end of frames"
    STOPPED = "stopped"
    CAMERA_LOST = "camera lost"
    STORE_FAILED = "store failed"
    FAILED = "failed"


class FrameState(str, Enum):
    """How a captured frame ended. DROPPED: passed over openly, as a newer frame came or nobody accepted it."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ledger:
    """How many captured frames ended in each state."""

    counted: int = 0
    duplicate: int = 0
    rejected: int = 0
    dropped: int = 0
    failed: int = 0

    @property
    def captured(self) -> int:
        return self.counted + self.duplicate + self.rejected + self.dropped + self.failed

    def with_frames(self, state: FrameState, number: int = 1) -> Ledger:
        """The ledger after `number` more frames ended in `state`."""
        counts = {name.value: getattr(self, name.value) for name in FrameState}
        counts[state.value] += number
        return Ledger(**counts)


@dataclass(frozen=True, slots=True)
class SlideTotals:
    """What the store holds of one slide: committed fields and their cells by class."""

    slide: str
    fields: int = 0
    cells: Mapping[CellClass, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Status:
    """One consistent snapshot of a session. Rates are per second, latencies in milliseconds."""

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
    scale: Scale | None = None
    focus: float | None = None
    overlap: float = 0.0
    frames_per_s: float = 0.0
    latency_ms: float = 0.0
    finish_reason: FinishReason | None = None


@dataclass(frozen=True, slots=True, eq=False)
class FieldSeen:
    """A frame went through the loop. `count` is None where it was rejected or inference failed: unknown, not zero.

    `state` is None while the field is only shown and may still be accepted by the person.
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


class Request(str, Enum):
    """What a face may ask of the loop."""

    ACCEPT_FIELD = "accept field"
    TOGGLE_AUTO = "toggle auto"
    TOGGLE_PAUSE = "toggle pause"
    NEW_SLIDE = "new slide"
    SNAPSHOT = "snapshot"
    NEXT_METHOD = "next method"
    STOP = "stop"


class Session(Protocol):
    """A loop on its own thread, as a face drives it. Every method may be called from any thread."""

    @property
    def status(self) -> Status: ...

    def start(self, subscriber: Subscriber) -> None:
        """Begin; `subscriber` is called on the loop's thread and must return at once."""
        ...

    def request(self, request: Request) -> None:
        """Ask for something; the answer comes as an event."""
        ...

    def close(self) -> None:
        """Stop, and wait until the field in hand is committed and the camera released. Twice does no harm."""
        ...
