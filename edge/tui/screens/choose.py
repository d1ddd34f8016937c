"""The first screen: which camera to look through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Footer, OptionList, Static

from edge.tui.messages import CameraChosen, LeaveRequested
from edge.tui.widgets.title import LIMIT
from edge.tui.widgets.verdict import BAD


class ChooseScreen(Screen[None]):
    """Offers `choices`, by arrows and Enter or by number. While one is opened the list is disabled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *(Binding(str(number), f"open({number - 1})", show=False) for number in range(1, 10)),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, choices: Sequence[str]) -> None:
        super().__init__()
        self._choices = tuple(choices)

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Text.assemble(("HemoCam", "bold"), (f"\n{LIMIT}\n", "dim")))
            yield Static(Text.assemble("Which camera?  ", ("arrows and Enter, or its number", "dim")))
            yield OptionList(*(Text(f"{number}  {choice}") for number, choice in enumerate(self._choices, 1)))
            yield Static(id="message")
        yield Footer(show_command_palette=False)

    def on_option_list_option_selected(self, selected: OptionList.OptionSelected) -> None:
        self.post_message(CameraChosen(selected.option_index))

    def action_open(self, index: int) -> None:
        if index < len(self._choices) and not self.query_one(OptionList).disabled:
            self.query_one(OptionList).highlighted = index
            self.post_message(CameraChosen(index))

    def action_leave(self) -> None:
        self.post_message(LeaveRequested())

    def show_opening(self, index: int) -> None:
        self._say(Text(f"opening {self._choices[index]}…", "dim"), busy=True)

    def show_failed(self, index: int, error: Exception) -> None:
        """Why this choice could not be opened; all are offered again."""
        self._say(Text.assemble((f"× {self._choices[index]} could not be opened\n", BAD), str(error)), busy=False)

    def _say(self, message: Text, *, busy: bool) -> None:
        self.query_one("#message", Static).update(message)
        options = self.query_one(OptionList)
        options.disabled = busy
        if not busy:
            options.focus()
