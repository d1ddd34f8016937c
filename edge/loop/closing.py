"""How a session ends: every frame, every thread, every file."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from threading import Event as Bell

from edge.cameras.reading.capture import Capture
from edge.loop.engine_line import EngineLine
from edge.loop.inference import Inference
from edge.loop.intake import Intake
from edge.loop.record_desk import RecordDesk
from edge.loop.run_machine import Happening
from edge.loop.status_board import StatusBoard
from edge.plural import plural
from edge.record.recording import Recording
from edge.session.events import Severity
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger

LOOK_S = 0.25
GIVEN_UP_S = 60.0
"""A record that neither ends nor says anything for so long does not come back."""


class Closing:
    """Ends a session, also one that never began or that failed anywhere. For the loop's thread."""

    def __init__(
        self, capture: Capture, inference: Inference, recording: Recording, *,
        books: RunningLedger, board: StatusBoard, intake: Intake, line: EngineLine, desk: RecordDesk, bell: Bell,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._capture, self._inference, self._recording = capture, inference, recording
        self._books, self._board, self._intake, self._line, self._desk = books, board, intake, line, desk
        self._bell, self._clock = bell, clock

    def close(self, reason: FinishReason, *, begun: bool) -> FinishReason:
        """FINISHING, then FINISHED. Gives why it ended: `reason`, unless the record failed at the last moment. `begun` is
        whether the workers were started."""
        failed = reason is FinishReason.FAILED
        with ExitStack() as last:  # done from the bottom to the top, whatever fails
            last.callback(self._end, reason)
            last.callback(self._inference.close)
            last.callback(self._recording.close, reason)
            if begun:
                last.callback(self._await_record)
            last.callback(self._recording.finish, reason)
            last.callback(self._end_frames, stray=failed)
            last.callback(self._capture.close)
            self._board.happen(Happening.ENDING)
            if failed:
                self._board.say(Severity.ERROR, "HemoCam failed; what was counted before is recorded. The log says why.")
        return self._board.reason or reason

    def _end_frames(self, *, stray: bool) -> None:
        """All but those that were accepted. `stray` are what was just being judged or counted when the program failed."""
        self._intake.note_drops()
        for _ in range(self._line.clear()):
            self._books.end(FrameState.DROPPED)
        self._desk.take_down()
        if stray:
            self._desk.hear()
            for _ in range(self._books.ledger.in_hand - self._desk.committing):
                self._books.end(FrameState.FAILED)

    def _await_record(self) -> None:
        """Until all that was accepted is on the disk, or told as lost."""
        heard_s = self._clock()
        while not self._desk.closed and self._clock() - heard_s < GIVEN_UP_S:
            self._bell.clear()
            if self._desk.committing:
                self._board.happen(Happening.ENDING, f"{plural(self._desk.committing, 'field')} being recorded")
            if self._desk.hear():
                heard_s = self._clock()
            else:
                self._bell.wait(LOOK_S)
            self._board.turned()

    def _end(self, reason: FinishReason) -> None:
        self._desk.give_up()
        lost = self._desk.failed is not None and reason is not FinishReason.FAILED
        self._board.reason = FinishReason.STORE_FAILED if lost else reason
        self._board.happen(Happening.ENDED)
