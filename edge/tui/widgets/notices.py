"""The last few notices."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable

from rich.text import Text
from textual.widget import Widget

from edge.session import Notice, Severity

_MARKS = {Severity.INFO: ("·", "dim"), Severity.WARNING: ("!", "#f0e442"), Severity.ERROR: ("×", "bold #ff8f70")}
_KEPT = 20


class Notices(Widget):
    """As many of the newest as there are lines, the newest at the bottom."""

    def __init__(self) -> None:
        super().__init__()
        self._notices: deque[Notice] = deque(maxlen=_KEPT)

    def show(self, notices: Iterable[Notice]) -> None:
        self._notices.extend(notices)
        self.refresh()

    def render(self) -> Text:
        lines = []
        for notice in list(self._notices)[-self.size.height :]:
            mark, style = _MARKS[notice.severity]
            line = Text(f" {mark} {notice.text}", style, no_wrap=True)
            line.truncate(self.size.width, overflow="ellipsis")
            lines.append(line)
        blank = [Text()] * (self.size.height - len(lines))
        return Text("\n", no_wrap=True).join([*blank, *lines])
