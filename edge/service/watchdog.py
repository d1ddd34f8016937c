"""Whether a session is alive: the question before each time the service manager's watchdog is fed."""

from __future__ import annotations

from dataclasses import dataclass

from edge.session.events import Status
from edge.session.run_state import RunState

IDLE = (RunState.PAUSED, RunState.LOST, RunState.RECOVERING)
"""States in which no frame need move, as long as the loop goes round and says so."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How long what may last, in seconds of the monotonic clock.

    `turn_s`: one turn of the loop; it waits 0.25 s at most, and counts a field of 20 megapixels in some seconds.
    `frames_s`: without a frame that moves while the session says that it streams; longer than a frame may take to infer and a
    camera to answer. `opening_s`: record, camera and engine; a small Jetson builds a TensorRT engine in ten minutes.
    `finishing_s`: the last commits. `starting_s`: all before there is a session, which may be the same build.
    """

    turn_s: float = 10.0
    frames_s: float = 60.0
    opening_s: float = 1800.0
    finishing_s: float = 120.0
    starting_s: float = 1800.0


class Watchdog:
    """Judges snapshots of one session, in the order of their time."""

    def __init__(self, patience: Patience, now_s: float) -> None:
        self._patience = patience
        self._state: RunState | None = None
        self._since_s = self._moved_s = now_s
        self._frames: tuple[int, int, float] | None = None

    def objection(self, status: Status, now_s: float) -> str | None:
        """Why the watchdog is not to be fed: in words for the log. None: the session is alive.

        `now_s` is of the clock of `status.turned_s`: time.monotonic.
        """
        patience, state = self._patience, status.run_state
        if state is not self._state:
            self._state, self._since_s = state, now_s
        frames = (status.ledger.captured, status.ledger.ended, status.frame_s)
        # A state that needs no frames says nothing of the time after it: the camera has `frames_s` again.
        if frames != self._frames or state is not RunState.STREAMING:
            self._frames, self._moved_s = frames, now_s
        if state in (RunState.FINISHING, RunState.FINISHED):  # it no longer goes round while it joins its threads
            return self._longer_than(patience.finishing_s, state.value, now_s)
        still_s = now_s - status.turned_s
        if still_s > patience.turn_s:
            return f"the loop has stood still for {still_s:.0f} s ({state.value})"
        if state is RunState.OPENING:
            return self._longer_than(patience.opening_s, state.value, now_s)
        without_s = now_s - self._moved_s
        if state not in IDLE and without_s > patience.frames_s:
            return f"no frame has moved for {without_s:.0f} s, and the session says that it is {state.value}"
        return None

    def _longer_than(self, limit_s: float, what: str, now_s: float) -> str | None:
        lasted_s = now_s - self._since_s
        return f"it has been {what} for {lasted_s:.0f} s" if lasted_s > limit_s else None
