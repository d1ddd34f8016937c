"""A question that is answered with words."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from edge.tui.widgets.text_field import TextField

LONGEST_ANSWER = 400


class AskScreen(ModalScreen[str | None]):
    """Gives what was typed, without the blanks around it, for Enter; None for Escape. `value` is there to begin with."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "dismiss(None)", "Cancel")]

    def __init__(self, question: str, *, value: str = "", enter: str) -> None:
        super().__init__()
        self._question = question
        self._value = value
        self._enter = enter

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static(Content(self._question))
            yield TextField(self._value, longest=LONGEST_ANSWER)
            yield Static(Content.from_markup("\n[b]Enter[/b] $enter    [b]Escape[/b] cancels", enter=self._enter))

    def on_input_submitted(self, submitted: Input.Submitted) -> None:
        self.dismiss(submitted.value.strip())
