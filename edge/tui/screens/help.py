"""What the keys do and the signs mean."""

from __future__ import annotations

from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from edge.counting.signs import SIGNS
from edge.tui.modes import Mode

_MODES = """\
1 2 3        setup, live, history; F1 F2 F3 do the same
q  quit      finish what is in hand and leave
"""
_KEYS = {
    Mode.SETUP: """\
up down      another camera
tab          the next field; shift+tab the one before
space        switch auto on or off
enter        begin with what is filled in
escape       out of a text field; letters are keys then
""",
    Mode.LIVE: """\
a  accept    count this field into the slide
t  auto      accept each new field by itself, or not
p  pause     stop counting, or go on
u  undo      take the slide's last field out again
n  next      begin the next slide, of any specimen
o  note      keep words with the slide and field
m  method    tell cells apart by the next method
s  snap      keep this picture
h  history   look at what was recorded
""",
    Mode.HISTORY: """\
up down      another session
enter        open it
left right   the field before, the next one
home end     the first field, the last one
escape       back to the list, and from there to live
""",
}
_WORDS = {
    Mode.SETUP: """
Leave µm per px empty where nobody measured it: the
scale is then taken from the red cells themselves.
""",
    Mode.LIVE: """
A field counts once, however long it is looked at.
Types are white cells by kind; ? could not be named.
Blasts are not recognised. A dash — is not known, not 0.
""",
    Mode.HISTORY: """
An undone field stays in the record and is in no total.
A dash — means that a number is not known, never 0.
""",
}


class HelpScreen(ModalScreen[None]):
    """The keys of one mode. Any of the usual keys closes it."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,question_mark,q,enter", "dismiss", "Close")]

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self._mode = mode

    def compose(self) -> ComposeResult:
        signs = [Text(f"{sign.shape} {sign.letter} {sign.name}   ", sign.colour) for sign in SIGNS.values()]
        with VerticalScroll(classes="box"):
            words = _KEYS[self._mode] + _MODES + _WORDS[self._mode] + "\n"
            yield Static(Text.assemble(words, *signs, ("\n\nEscape closes this", "dim")))
