"""What the screens of the three modes share: room, the title, and the keys that lead from one to another."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from textual import on
from textual.binding import Binding, BindingType
from textual.events import ScreenResume
from textual.screen import Screen

from edge.session.events import Status
from edge.tui.messages import LeaveRequested, ModeRequested
from edge.tui.modes import Mode
from edge.tui.screens.help import HelpScreen
from edge.tui.widgets.title import TitleBar

# How often a screen beside the live one looks how the session is.
_TITLE_S = 0.5


class ModeScreen(Screen[None]):
    """`current` gives the running session's status, None where there is none: its state stands in the title of every mode.

    The digits are characters in a text field; the function keys change the mode from there too.
    """

    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (120, "-wide")]  # noqa: RUF012  # Textual declares it as of the instance
    VERTICAL_BREAKPOINTS = [(0, "-low"), (36, "-high")]  # noqa: RUF012
    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(f"{mode.key},f{mode.key}", f"mode('{mode.value}')", mode.value.title(), show=False) for mode in Mode),
    ]

    def __init__(self, mode: Mode, current: Callable[[], Status | None]) -> None:
        super().__init__()
        self._mode = mode
        self._current = current

    def watch_title(self) -> None:
        """Keep the title's state of the session fresh while this screen is looked at."""
        self.set_interval(_TITLE_S, self._show_title)

    @on(ScreenResume)
    def _come_back(self) -> None:
        self._show_title()

    def _show_title(self) -> None:
        if self.is_active:
            self.query_one(TitleBar).show(self._current())

    def action_mode(self, mode: str) -> None:
        self.post_message(ModeRequested(Mode(mode)))

    def action_help(self) -> None:
        self.app.push_screen(HelpScreen(self._mode))

    def action_leave(self) -> None:
        self.post_message(LeaveRequested())
