"""The last few notices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from time import monotonic

from rich.text import Text

from edge.session.events import Notice, Severity
from edge.session.run_state import RunState
from edge.tui.widgets.rows import Rows

_MARKS = {Severity.INFO: ("·", "dim"), Severity.WARNING: ("!", "#f0e442"), Severity.ERROR: ("×", "bold #ff8f70")}
_KEPT = 20
STANDS_S = {Severity.INFO: 15.0, Severity.WARNING: 60.0, Severity.ERROR: 600.0}
"""So long a notice is shown; the log keeps it."""
SAID_BEFORE_S = 1.0
"""A trouble's notice may come so long before the state that it is about."""


@dataclass(frozen=True, slots=True)
class _Shown:
    notice: Notice
    since_s: float


class Notices(Rows):
    """As many of the newest as there are lines, the newest at the bottom. A notice goes when it is old, and what was said of a
    trouble goes when the session streams again."""

    def __init__(self) -> None:
        super().__init__()
        self._shown_notices: deque[_Shown] = deque(maxlen=_KEPT)
        self._troubled_s: float | None = None

    def on_mount(self) -> None:
        self.set_interval(1.0, self.update_rows)

    def show(self, notices: Iterable[Notice]) -> None:
        now_s = monotonic()
        self._shown_notices.extend(_Shown(notice, now_s) for notice in notices)
        self.update_rows()

    def follow(self, state: RunState) -> None:
        """The session's state: what was said since it was lost or recovering is answered once it streams."""
        if state in (RunState.LOST, RunState.RECOVERING):
            self._troubled_s = self._troubled_s or monotonic()
        elif state is RunState.STREAMING and self._troubled_s is not None:
            since_s, self._troubled_s = self._troubled_s - SAID_BEFORE_S, None
            left = [each for each in self._shown_notices if each.since_s < since_s or each.notice.severity is Severity.INFO]
            self._shown_notices = deque(left, _KEPT)
            self.update_rows()

    def rows(self) -> list[Text]:
        now_s = monotonic()
        current = [each.notice for each in self._shown_notices if now_s - each.since_s < STANDS_S[each.notice.severity]]
        newest = current[-self.size.height :] if self.size.height else []
        lines = [Text(f" {_MARKS[notice.severity][0]} {notice.text}", _MARKS[notice.severity][1]) for notice in newest]
        return [Text()] * (self.size.height - len(lines)) + lines
