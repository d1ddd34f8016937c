"""The first screen: which camera to look through, at what, and how."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import ClassVar

from rich.text import Text
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Checkbox, Footer, Input, OptionList, Static

from edge.session.events import Status
from edge.tui.messages import BeginRequested
from edge.tui.modes import Mode
from edge.tui.screens.mode_screen import ModeScreen
from edge.tui.setup import Setup
from edge.tui.widgets.text_field import TextField
from edge.tui.widgets.title import TitleBar
from edge.tui.widgets.verdict import BAD

_LONGEST = 80
# Said in words too: the box alone tells on from off by its colour.
_AUTO = {True: "auto: every new field by itself", False: "by hand: a accepts a field, t switches to auto"}


class SetupScreen(ModeScreen):
    """Offers `choices` of cameras and asks for the rest; Enter begins, from any field. While a session is being opened
    everything is disabled."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "begin", "Begin", key_display="Enter", priority=True),
        Binding("tab", "app.focus_next", "Next field", key_display="Tab"),
        Binding("escape", "out", "Cameras", key_display="Esc"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, choices: Sequence[str], setup: Setup, current: Callable[[], Status | None]) -> None:
        super().__init__(Mode.SETUP, current)
        self._choices = tuple(choices)
        self._setup = setup

    def compose(self) -> ComposeResult:
        setup = self._setup
        scale = "" if setup.um_per_px is None else f"{setup.um_per_px:g}"
        yield TitleBar(Mode.SETUP)
        with VerticalScroll(id="setup", can_focus=False):
            with Horizontal():
                yield Static("Camera", classes="label")
                yield OptionList(*(Text(choice) for choice in self._choices), compact=True)
            for name, label, value, hint in (
                ("specimen", "Specimen", setup.specimen, "what the smear is of; may stay empty"),
                ("operator", "Operator", setup.operator, "who counts; may stay empty"),
                ("um-per-px", "µm per px", scale, "empty: from the red cells themselves"),
            ):
                with Horizontal():
                    yield Static(label, classes="label")
                    yield TextField(value, hint=hint, name=name, longest=_LONGEST)
            with Horizontal():
                yield Static("Counting", classes="label")
                yield Checkbox(_AUTO[setup.auto], setup.auto, id="auto", compact=True)
            yield Static(id="message")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        options = self.query_one(OptionList)
        options.highlighted = min(self._setup.camera, len(self._choices) - 1)
        options.focus()
        self.watch_title()

    def on_option_list_option_selected(self) -> None:
        """By the mouse; Enter comes to the binding before it comes to any field."""
        self.action_begin()

    def on_checkbox_changed(self, changed: Checkbox.Changed) -> None:
        changed.checkbox.label = _AUTO[changed.value]

    def action_begin(self) -> None:
        if self.query_one("#setup").disabled:
            return
        try:
            setup = self._filled_in()
        except ValueError as error:
            self.say(Text.assemble(("× µm per px: ", BAD), str(error)))
            self.query_one("#um-per-px", Input).focus()
            return
        self.post_message(BeginRequested(setup))

    def action_out(self) -> None:
        """From a text field, where letters are letters, to the cameras, where they are keys."""
        self.query_one(OptionList).focus()

    def _filled_in(self) -> Setup:
        """Raises ValueError where the scale is not a number that one can be."""
        words = {name: self.query_one(f"#{name}", Input).value.strip() for name in ("specimen", "operator", "um-per-px")}
        typed = words["um-per-px"].replace(",", ".")
        try:
            um_per_px = float(typed) if typed else None
        except ValueError as error:
            raise ValueError(f"'{typed}' is not a number, as 0.25 is; leave it empty where nobody measured it") from error
        return Setup(
            camera=self.query_one(OptionList).highlighted or 0,
            specimen=words["specimen"],
            operator=words["operator"],
            um_per_px=um_per_px,
            auto=self.query_one("#auto", Checkbox).value,
        )

    def show_opening(self, setup: Setup) -> None:
        self.say(Text(f"opening {self._choices[setup.camera]}…", "dim"))
        self.query_one("#setup").disabled = True

    def show_opened(self) -> None:
        self.say(Text("2 shows the session; beginning another ends it", "dim"))
        self._give_back()

    def show_failed(self, setup: Setup, error: Exception) -> None:
        """Why this choice could not be opened; all are offered again."""
        self.say(Text.assemble((f"× {self._choices[setup.camera]} could not be opened\n", BAD), str(error)))
        self._give_back()

    def say(self, message: Text) -> None:
        self.query_one("#message", Static).update(message)

    def _give_back(self) -> None:
        self.query_one("#setup").disabled = False
        self.query_one(OptionList).focus()
