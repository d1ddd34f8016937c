"""What the loop asks of the recording thread."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from time import monotonic

from edge.counting.counter import Seen
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.optics.verdict import Quality
from edge.session.wall_clock import ClockJump
from edge.session.wishes import AddNote, NewSlide


@dataclass(frozen=True, slots=True, eq=False)
class CommitField:
    """Record an accepted field. It ends in exactly one FieldCommitted or FieldLost with this `token`.

    `count` has the chosen methods alone; the others are compared while it waits. `engine` is the stamp of what
    computed this field, `view` what Coverage needs to know it again (Coverage.view), None where nobody will.
    """

    token: int
    frame: Frame
    seen: Seen
    count: FieldCount
    quality: Quality
    latency_ms: float
    engine: str = ""
    view: bytes | None = None


@dataclass(frozen=True, slots=True)
class UndoField:
    """Take the slide's last committed field out of the totals again."""


@dataclass(frozen=True, slots=True, eq=False)
class KeepSnapshot:
    """Keep this frame's picture now, whatever is kept otherwise."""

    frame: Frame


@dataclass(frozen=True, slots=True, eq=False)
class KeepRefused:
    """Keep the picture of a frame that was not counted, where all pictures are kept; `reason` is in its file's name."""

    frame: Frame
    reason: str


@dataclass(frozen=True, slots=True)
class NoteEvent:
    """Something that happened to the session: a change of state, a repair."""

    kind: str
    text: str
    at: datetime = field(default_factory=lambda: datetime.now(timezone.utc))
    monotonic_s: float = field(default_factory=monotonic)


@dataclass(frozen=True, slots=True)
class NoteClockJump:
    """The wall clock jumped; durations don't know it, the record does."""

    jump: ClockJump


@dataclass(frozen=True, slots=True)
class WriteLedger:
    """Bring the record's ledger up to date. One that waits already stands for all."""


Job = CommitField | NewSlide | UndoField | AddNote | KeepSnapshot | KeepRefused | NoteEvent | NoteClockJump | WriteLedger
"""What a person wishes the record to do, it is asked in their own words."""
