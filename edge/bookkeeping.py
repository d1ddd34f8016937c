"""How every captured frame ended: the ledger, kept in step with the record."""

from __future__ import annotations

from collections import Counter
from time import monotonic

from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.optics.verdict import RejectionReason
from edge.recorder import Recorder
from edge.session import FinishReason, FrameState, Ledger
from edge.storage.errors import StoreError

WRITTEN_EVERY_S = 2.0
"""Frames that were not counted reach the record at least this often; a counted one at once, with its field."""


class Bookkeeping:
    """One session's ledger. A frame is in one state, also when the record fails; every method may raise StoreError."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self._rejections = Counter[str]()
        self._recorder: Recorder | None = None
        self._dropped_by_camera = 0
        self._written_s = monotonic()

    def open(self, recorder: Recorder) -> None:
        """From now on keep `recorder`'s session in step."""
        self._recorder = recorder

    def camera_opened(self) -> None:
        """A camera counts its drops from its opening on."""
        self._dropped_by_camera = 0

    def note_drops(self, dropped: int) -> None:
        """`dropped` frames since its opening came from the camera and went unread; they are in the ledger too."""
        new, self._dropped_by_camera = max(0, dropped - self._dropped_by_camera), max(dropped, self._dropped_by_camera)
        self.ledger = self.ledger.with_frames(FrameState.DROPPED, new)

    def reject(self, reason: RejectionReason) -> None:
        """A frame that the gate refused."""
        self._rejections[reason.value] += 1
        self.end(FrameState.REJECTED)

    def end(self, state: FrameState) -> None:
        """A frame that ended otherwise than counted."""
        self.ledger = self.ledger.with_frames(state)
        if self._recorder is not None and monotonic() - self._written_s >= WRITTEN_EVERY_S:
            self._written_s = monotonic()
            self._recorder.update(self.ledger, self._rejections)

    def commit(self, frame: Frame, count: FieldCount, focus: float, latency_ms: float) -> None:
        """A counted frame: in the ledger once its field is in the record; FAILED if it could not be written."""
        assert self._recorder is not None, "a field is committed to an open record"
        ledger = self.ledger.with_frames(FrameState.COUNTED)
        try:
            self._recorder.commit(frame, count, focus, latency_ms, ledger, self._rejections)
        except StoreError:
            self.ledger = self.ledger.with_frames(FrameState.FAILED)
            raise
        self.ledger = ledger

    def finish(self, reason: FinishReason) -> None:
        """Close the session in the record with the last ledger."""
        assert self._recorder is not None, "a session is finished in an open record"
        self._recorder.finish(self.ledger, self._rejections, reason)
