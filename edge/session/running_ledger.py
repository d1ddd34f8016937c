"""The books of a session: every captured frame, how it ended, and what the record says of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from threading import Lock

from edge.optics.verdict import RejectionReason
from edge.session.ledger import FrameState, Ledger

_UNDONE = RejectionReason.UNDONE.value


class RunningLedger:
    """One session's ledger and the reasons of its rejected frames. Any thread may ask and enter; each entry is whole.

    A frame is entered as captured once, and once as ended. Only the recording thread makes frames COUNTED: it asks for the
    ledger as it will be, writes that in the transaction of the field, and then says how that went.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._ledger = Ledger()
        self._rejections = Counter[str]()

    @property
    def ledger(self) -> Ledger:
        return self.entries()[0]

    @property
    def rejections(self) -> Mapping[str, int]:
        """Rejected frames by reason, a copy; their sum is the ledger's `rejected`."""
        return self.entries()[1]

    def entries(self) -> tuple[Ledger, Mapping[str, int]]:
        """Ledger and rejections of one instant."""
        with self._lock:
            return self._ledger, dict(self._rejections)

    def resume(self, ledger: Ledger, rejections: Mapping[str, int]) -> None:
        """Go on from an interrupted session's books; frames entered in the meantime are added to them."""
        with self._lock:
            now = self._ledger
            states = {state.value: getattr(now, state.value) + getattr(ledger, state.value) for state in FrameState}
            self._ledger = Ledger(now.captured + ledger.captured, **states)
            self._rejections.update(rejections)

    def captured(self, frames: int = 1) -> None:
        """So many frames more came from the camera, and are in hand."""
        with self._lock:
            self._ledger = replace(self._ledger, captured=self._ledger.captured + frames)

    def dropped(self, frames: int) -> None:
        """So many frames more came from the camera, and were passed over there."""
        with self._lock:
            now = self._ledger
            self._ledger = replace(now, captured=now.captured + frames, dropped=now.dropped + frames)

    def end(self, state: FrameState, reason: RejectionReason | None = None) -> None:
        """One frame in hand ended. Raises ValueError where none is in hand, where a rejected one has no `reason` or another
        one has, and for COUNTED, which is `committed`."""
        if state is FrameState.COUNTED:
            raise ValueError("a frame is counted by the record alone: see RunningLedger.committed")
        if (state is FrameState.REJECTED) != (reason is not None):
            raise ValueError(f"a frame that is {state.value} with the reason {reason}")
        with self._lock:
            self._ledger = _ended(self._ledger, state)
            if reason is not None:
                self._rejections[reason.value] += 1

    # For the recording thread.

    def commit_ledger(self) -> tuple[Ledger, Mapping[str, int]]:
        """Ledger and rejections as they will be with one frame more counted."""
        with self._lock:
            return _ended(self._ledger, FrameState.COUNTED), dict(self._rejections)

    def committed(self) -> None:
        """A field is in the record: its frame is counted."""
        with self._lock:
            self._ledger = _ended(self._ledger, FrameState.COUNTED)

    def commit_failed(self) -> None:
        """A field could not be recorded: its frame failed."""
        self.end(FrameState.FAILED)

    def undo_ledger(self) -> tuple[Ledger, Mapping[str, int]]:
        """Ledger and rejections as they will be with one counted frame undone. Raises ValueError where none is counted."""
        with self._lock:
            return _undone(self._ledger), {**self._rejections, _UNDONE: self._rejections[_UNDONE] + 1}

    def undone(self) -> None:
        """A field was taken out of the totals: its frame is rejected, as undone."""
        with self._lock:
            self._ledger = _undone(self._ledger)
            self._rejections[_UNDONE] += 1


def _ended(ledger: Ledger, state: FrameState) -> Ledger:
    return replace(ledger, **{state.value: getattr(ledger, state.value) + 1})


def _undone(ledger: Ledger) -> Ledger:
    return replace(ledger, counted=ledger.counted - 1, rejected=ledger.rejected + 1)
