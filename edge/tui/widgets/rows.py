"""Rows of text that are drawn again only where they read otherwise."""

from __future__ import annotations

from rich.segment import Segment
from rich.text import Text
from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget


class Rows(Widget):
    """A widget of one text a row. A subclass says what they read in `rows`, and calls `update_rows` when that may have
    changed: of 25 rows a frame changes three, and Textual takes 0.1 ms for each that is drawn."""

    def __init__(self) -> None:
        super().__init__()
        self._shown: list[Text] = []

    def rows(self) -> list[Text]:
        """At the widget's size, which is not nothing; rows that do not fit are left out."""
        raise NotImplementedError

    def update_rows(self) -> None:
        width, height = self.size
        if not width or not height:
            return
        before, self._shown = self._shown, self.rows()[:height]
        changed = [
            Region(0, y, width, 1)
            for y in range(max(len(before), len(self._shown)))
            if before[y : y + 1] != self._shown[y : y + 1]
        ]
        if changed:
            self.refresh(*changed)

    def on_resize(self) -> None:
        self.update_rows()

    def render(self) -> Text:
        """All rows as one text, which is how they read; what is drawn is `render_line`."""
        return Text("\n", no_wrap=True).join(self._shown)

    def render_line(self, y: int) -> Strip:
        ground, console = self.rich_style, self.app.console
        text = self._shown[y].copy() if y < len(self._shown) else Text()
        text.truncate(self.size.width, overflow="ellipsis")
        segments = Segment.apply_style(text.render(console), ground + console.get_style(text.style))
        return Strip(segments).adjust_cell_length(self.size.width, ground)


def labelled(label: str, value: str, columns: int, style: str = "") -> Text:
    """A row of an instrument: its label in `columns`, dim, and what it says."""
    return Text.assemble((f" {label:{columns}}", "dim"), (value, style))
