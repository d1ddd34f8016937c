"""When a session is over."""

from __future__ import annotations

from collections.abc import Callable

from edge.loop.engine_line import EngineLine
from edge.loop.intake import Intake
from edge.loop.record_desk import RecordDesk
from edge.loop.settings import LoopSettings
from edge.loop.wishes import Wishes
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger


class Limits:
    """Watches what ends a session: the settings, a person, the source, a failure."""

    def __init__(
        self, settings: LoopSettings, books: RunningLedger, intake: Intake, line: EngineLine, desk: RecordDesk, wishes: Wishes,
        clock: Callable[[], float],
    ) -> None:  # fmt: skip
        self._settings, self._books, self._intake, self._line, self._desk = settings, books, intake, line, desk
        self._wishes, self._clock = wishes, clock
        self._started_s = clock()

    def begin(self) -> None:
        """The session's time runs from now."""
        self._started_s = self._clock()

    @property
    def enough(self) -> bool:
        """As many fields are counted, or on the way to the disk, as were asked for: no more are accepted."""
        most = self._settings.stop_after_fields
        return most is not None and self._books.ledger.counted + self._desk.committing >= most

    def over(self) -> FinishReason | None:
        """Why the session ends now."""
        settings, source = self._settings, self._intake.over
        late = settings.stop_after_s is not None and self._clock() - self._started_s >= settings.stop_after_s
        if self._desk.failed is not None:
            return FinishReason.STORE_FAILED
        if self._line.gone is not None:
            return FinishReason.ENGINE_FAILED
        if self._wishes.stop or late or (self.enough and not self._desk.committing):
            return FinishReason.STOPPED
        if source is not None and self._line.empty and not self._desk.committing:  # what came before its end is recorded first
            return FinishReason.END_OF_FRAMES if source.at_end else FinishReason.CAMERA_LOST
        return None
