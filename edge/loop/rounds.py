"""What the loop looks after once in a while, by the monotonic clock."""

from __future__ import annotations

from collections.abc import Callable
from time import monotonic

from edge.loop.run_machine import Happening
from edge.loop.status_board import StatusBoard
from edge.record.jobs import NoteClockJump, WriteLedger
from edge.record.recording import Recording
from edge.session.events import Severity
from edge.session.running_ledger import RunningLedger
from edge.session.wall_clock import WallWatch, clock_trusted

LEDGER_EVERY_S = 2.0
"""Frames that were not counted reach the record at least this often; a counted one at once, with its field."""
CLOCK_EVERY_S = 1.0
TRUST_EVERY_S = 60.0
SLOW_S = 1.0
"""A record that has been full for longer holds up the camera, and the person should know why."""


class Rounds:
    """Keeps the record's ledger in step, notes the wall clock's jumps, and tells when the record is slow."""

    def __init__(
        self, recording: Recording, books: RunningLedger, board: StatusBoard, wall_watch: WallWatch,
        trusted: Callable[[], bool | None] = clock_trusted, clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        self._recording, self._books, self._board, self._wall_watch = recording, books, board, wall_watch
        self._trusted, self._clock = trusted, clock
        self._written = books.ledger
        self._ledger_s = self._clock_s = self._trust_s = float("-inf")
        self._full_since_s: float | None = None

    def go(self) -> None:
        """To be called at every turn of the loop."""
        now_s = self._clock()
        if now_s - self._ledger_s >= LEDGER_EVERY_S and self._books.ledger != self._written:
            self._ledger_s, self._written = now_s, self._books.ledger
            self._recording.submit(WriteLedger())
        if now_s - self._clock_s >= CLOCK_EVERY_S:
            self._clock_s = now_s
            self._look_at_clock()
        if now_s - self._trust_s >= TRUST_EVERY_S:
            self._trust_s, self._board.clock_trusted = now_s, self._trusted()
        self._look_at_record(now_s)

    def _look_at_clock(self) -> None:
        jump = self._wall_watch.look()
        if jump is None:
            return
        self._recording.submit(NoteClockJump(jump))
        self._trust_s = float("-inf")
        way = "forward" if jump.jump_s > 0 else "back"
        text = f"the wall clock was set {way} by {abs(jump.jump_s):.0f} s, to {jump.after:%Y-%m-%d %H:%M:%S} UTC; noted"
        self._board.say(Severity.WARNING, text)

    def _look_at_record(self, now_s: float) -> None:
        if not self._recording.full:
            if self._full_since_s is not None:
                self._full_since_s = None
                self._board.happen(Happening.RECORD_QUICK)
        elif self._full_since_s is None:
            self._full_since_s = now_s
        elif now_s - self._full_since_s >= SLOW_S:
            slow = "comparing the methods" if self._recording.comparing else "the record"
            self._board.happen(Happening.RECORD_SLOW, f"{slow} is slow: no new frame until it has kept up")
