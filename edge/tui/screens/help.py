"""What the keys do and the signs mean."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from edge.tui.signs import SIGNS

_HELP = """\
a  accept    count this field into the slide
t  auto      accept each new field by itself, or not
p  pause     stop counting, or go on
n  new slide begin the next smear; totals start anew
s  snapshot  keep this picture
m  method    tell cells apart by the next method
q  quit      finish the field in hand and leave

Move the slide until the field is new and sharp: a field
is counted once, however long it is looked at. A dash —
means that a number is not known; it never stands for 0.

"""


class HelpScreen(ModalScreen[None]):
    """Any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def compose(self) -> ComposeResult:
        signs = [Text(f"{sign.shape} {sign.letter} {sign.name}   ", sign.colour) for sign in SIGNS.values()]
        with VerticalScroll(classes="box"):
            yield Static(Text.assemble(_HELP, *signs, ("\n\nEscape closes this", "dim")))
