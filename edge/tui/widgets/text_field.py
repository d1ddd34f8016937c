"""One line of text to fill in."""

from __future__ import annotations

from textual.widgets import Input


class TextField(Input):
    """One row high, its cursor steady: a blinking one would redraw the screen twice a second."""

    def __init__(self, value: str = "", *, hint: str = "", name: str | None = None, longest: int) -> None:
        super().__init__(value, placeholder=hint, id=name, max_length=longest, compact=True)
        self.cursor_blink = False
