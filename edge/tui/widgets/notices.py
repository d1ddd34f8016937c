"""The last few notices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rich.text import Text

from edge.session.events import Notice, Severity
from edge.tui.widgets.rows import Rows

_MARKS = {Severity.INFO: ("·", "dim"), Severity.WARNING: ("!", "#f0e442"), Severity.ERROR: ("×", "bold #ff8f70")}
_KEPT = 20


class Notices(Rows):
    """As many of the newest as there are lines, the newest at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self._notices: deque[Notice] = deque(maxlen=_KEPT)

    def show(self, notices: Iterable[Notice]) -> None:
        self._notices.extend(notices)
        self.update_rows()

    def rows(self) -> list[Text]:
        newest = list(self._notices)[-self.size.height :] if self.size.height else []
        lines = [Text(f" {_MARKS[notice.severity][0]} {notice.text}", _MARKS[notice.severity][1]) for notice in newest]
        return [Text()] * (self.size.height - len(lines)) + lines
