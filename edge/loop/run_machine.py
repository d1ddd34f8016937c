"""How a session goes from one run state to the next, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from edge.session.run_state import RunState


class Cause(Enum):
    """What keeps a session from streaming; several may hold at once. The most severe comes first, and its state is shown."""

    ENDED = "ended"
    ENDING = "ending"
    CAMERA_GONE = "camera gone"
    RECORD_OPENING = "record opening"
    CAMERA_OPENING = "camera opening"
    ENGINE_OPENING = "engine opening"
    ENGINE_REPAIRING = "engine repairing"
    RECORD_WAITING = "record waiting"
    RECORD_SLOW = "record slow"
    NO_PICTURE = "no picture"
    DISK_FULL = "disk full"
    PERSON = "person"


STATE_OF: Mapping[Cause, RunState] = {
    Cause.ENDED: RunState.FINISHED,
    Cause.ENDING: RunState.FINISHING,
    Cause.CAMERA_GONE: RunState.LOST,
    Cause.RECORD_OPENING: RunState.OPENING,
    Cause.CAMERA_OPENING: RunState.OPENING,
    Cause.ENGINE_OPENING: RunState.OPENING,
    Cause.ENGINE_REPAIRING: RunState.RECOVERING,
    Cause.RECORD_WAITING: RunState.RECOVERING,
    Cause.RECORD_SLOW: RunState.RECOVERING,
    Cause.NO_PICTURE: RunState.RECOVERING,
    Cause.DISK_FULL: RunState.PAUSED,
    Cause.PERSON: RunState.PAUSED,
}


class Happening(Enum):
    """What moves the machine."""

    RECORD_OPENED = "record opened"
    ENGINE_READY = "engine ready"
    ENGINE_REPAIRING = "engine repairing"
    CAMERA_OPENED = "camera opened"
    CAMERA_GONE = "camera gone"
    FRAME_CAME = "frame came"
    RECORD_WAITS = "record waits"
    RECORD_BACK = "record back"
    RECORD_SLOW = "record slow"
    RECORD_QUICK = "record quick"
    DISK_FULL = "disk full"
    DISK_FREED = "disk freed"
    PAUSED = "paused"
    RESUMED = "resumed"
    ENDING = "ending"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Effect:
    """Causes that a happening brings, and those that it ends."""

    brings: tuple[Cause, ...] = ()
    ends: tuple[Cause, ...] = ()


EFFECTS: Mapping[Happening, Effect] = {
    Happening.RECORD_OPENED: Effect(ends=(Cause.RECORD_OPENING,)),
    Happening.ENGINE_READY: Effect(ends=(Cause.ENGINE_OPENING, Cause.ENGINE_REPAIRING)),
    Happening.ENGINE_REPAIRING: Effect(brings=(Cause.ENGINE_REPAIRING,)),
    Happening.CAMERA_OPENED: Effect(ends=(Cause.CAMERA_OPENING, Cause.CAMERA_GONE)),
    # A camera that was lost has recovered when it gives a picture, not when its device can be opened; and a picture proves it.
    Happening.CAMERA_GONE: Effect(brings=(Cause.CAMERA_GONE, Cause.NO_PICTURE), ends=(Cause.CAMERA_OPENING,)),
    Happening.FRAME_CAME: Effect(ends=(Cause.CAMERA_OPENING, Cause.CAMERA_GONE, Cause.NO_PICTURE)),
    Happening.RECORD_WAITS: Effect(brings=(Cause.RECORD_WAITING,)),
    Happening.RECORD_BACK: Effect(ends=(Cause.RECORD_WAITING,)),
    Happening.RECORD_SLOW: Effect(brings=(Cause.RECORD_SLOW,)),
    Happening.RECORD_QUICK: Effect(ends=(Cause.RECORD_SLOW,)),
    Happening.DISK_FULL: Effect(brings=(Cause.DISK_FULL,)),
    Happening.DISK_FREED: Effect(ends=(Cause.DISK_FULL,)),
    Happening.PAUSED: Effect(brings=(Cause.PERSON,)),
    Happening.RESUMED: Effect(ends=(Cause.PERSON,)),
    Happening.ENDING: Effect(brings=(Cause.ENDING,)),
    Happening.ENDED: Effect(brings=(Cause.ENDED,)),
}

_ANY_TIME = frozenset({RunState.LOST, RunState.RECOVERING, RunState.PAUSED, RunState.STREAMING, RunState.FINISHING})
TRANSITIONS: Mapping[RunState, frozenset[RunState]] = {
    RunState.OPENING: _ANY_TIME,
    RunState.STREAMING: _ANY_TIME - {RunState.STREAMING},
    RunState.PAUSED: _ANY_TIME - {RunState.PAUSED},
    # A camera may be lost before the engine is open for the first time.
    RunState.LOST: _ANY_TIME - {RunState.LOST} | {RunState.OPENING},
    RunState.RECOVERING: _ANY_TIME - {RunState.RECOVERING},
    RunState.FINISHING: frozenset({RunState.FINISHED}),
    RunState.FINISHED: frozenset(),
}


class RunMachine:
    """The states of a session. `happen` moves it; what it shows is the state of the most severe cause that holds.

    ::

                      record, camera and engine are open
        OPENING ──────────────────────────────────────────▶ STREAMING ◀────────┐
           │  ▲                                              │  ▲  ▲           │
           │  │ engine still opening          person, disk full │  │ picture   │ engine ready,
           │  │                                              ▼  │  │ is back   │ record is back
           │  │                                             PAUSED │           │
           ▼  │          camera opened                             │           │
          LOST ─────────────────────────────▶ RECOVERING ──────────┴───────────┘
           ▲                                   ▲     │
           │ camera gone, from any of these    │     │ engine repaired or record waiting, from STREAMING and PAUSED
           └───────────────────────────────────┴─────┘

        any of these ── stop, end of frames, failure ──▶ FINISHING ── last commits done, all released ──▶ FINISHED

    As causes overlap, PAUSED is also what a session goes back to from RECOVERING where the person's pause still holds.
    Used by one thread.
    """

    def __init__(self) -> None:
        self._why: dict[Cause, str] = {
            Cause.RECORD_OPENING: "opening the record",
            Cause.CAMERA_OPENING: "opening the camera",
            Cause.ENGINE_OPENING: "opening the engine",
        }

    @property
    def state(self) -> RunState:
        for cause in Cause:
            if cause in self._why:
                return STATE_OF[cause]
        return RunState.STREAMING

    @property
    def detail(self) -> str:
        """Why it is so, all that holds, the most severe first; "" where the state's name says all."""
        return "; ".join(dict.fromkeys(why for cause in Cause if (why := self._why.get(cause))))

    @property
    def causes(self) -> frozenset[Cause]:
        return frozenset(self._why)

    def happen(self, happening: Happening, why: str = "") -> bool:
        """Whether state or detail are others now. `why` is said of what the happening brings.

        Raises ValueError where a session cannot go that way: it ends after FINISHING, and only once.
        """
        before, detail = self.state, self.detail
        effect = EFFECTS[happening]
        causes = {cause: said for cause, said in self._why.items() if cause not in effect.ends}
        causes |= {cause: why if cause is effect.brings[0] else "" for cause in effect.brings}
        was, self._why = self._why, causes
        if self.state is not before and self.state not in TRANSITIONS[before]:
            self._why = was
            raise ValueError(f"a session that is {before.value} cannot go on as {happening.value}")
        return (self.state, self.detail) != (before, detail)
