"""A session's events as log lines: the face of `hemocam log`."""

from __future__ import annotations

import logging

from edge.session.events import Event, FieldSeen, Notice, StatusChanged
from edge.session.ledger import FrameState
from edge.session.run_state import RunState

log = logging.getLogger(__name__)


class LogSubscriber:
    """Says what was counted, and why frames are refused when that begins; what repeats from frame to frame is for debugging."""

    def __init__(self) -> None:
        self._state: RunState | None = None
        self._refused: tuple[FrameState | None, object] | None = None

    def __call__(self, event: Event) -> None:
        match event:
            case FieldSeen(state=FrameState.COUNTED, count=count, frame=frame, status=status) if count is not None:
                log.info(
                    "field counted",
                    extra={"source": frame.source, "sequence": frame.sequence, "simulated": frame.simulated}
                    | {kind.value: number for kind, number in count.counts.items()}
                    | {"slide": status.totals.slide, "fields": status.totals.fields, "latency_ms": round(status.latency_ms, 1)},
                )
            case FieldSeen(state=state, frame=frame, verdict=verdict):
                reason = getattr(verdict, "reason", None)
                news = state in (FrameState.REJECTED, FrameState.FAILED) and (state, reason) != self._refused
                self._refused = (state, reason)
                level = logging.INFO if news else logging.DEBUG
                log.log(
                    level, "frame %s", state.value if state else "shown",
                    extra={"source": frame.source, "sequence": frame.sequence} | ({"reason": reason.value} if reason else {}),
                )  # fmt: skip
            case StatusChanged(status=status) if status.run_state is not self._state:
                self._state = status.run_state
                ledger = {name.value: getattr(status.ledger, name.value) for name in FrameState}
                why = {"detail": status.detail} if status.detail else {}
                end = {"reason": status.finish_reason.value} if status.finish_reason else {}
                log.info(
                    "session %s", status.run_state.value,
                    extra={"session": status.session_id, "camera": status.camera, "captured": status.ledger.captured}
                    | ledger | why | end,
                )  # fmt: skip
            case Notice() | StatusChanged():
                pass  # the loop logs its notices itself
