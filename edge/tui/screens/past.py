"""A recorded session, field by field."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from typing import ClassVar

from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Horizontal, Vertical
from textual.widgets import Footer

from edge.session.events import Status
from edge.session.history import FieldPicture, History, HistoryError, PastField, PastSession
from edge.tui.modes import Mode
from edge.tui.pictures.scene import Rendering, Scene
from edge.tui.screens.mode_screen import ModeScreen
from edge.tui.widgets.counts import Counts, Numbers
from edge.tui.widgets.past_facts import PastFacts, PastNotes, past_aside, past_verdict
from edge.tui.widgets.picture import SIMULATED, Picture
from edge.tui.widgets.title import SimulatedBanner, TitleBar
from edge.tui.widgets.verdict import BAD, Said, VerdictLine

_PAGE = 10
NO_PICTURE = "NO PICTURE"


class PastScreen(ModeScreen):
    """One field at a time, its outlines over its picture. While an arrow is held down only the field that is wanted last is
    read from the disk."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("left,up", "step(-1)", "Before", key_display="←"),
        Binding("right,down", "step(1)", "Next", key_display="→"),
        Binding("home", "step(-1000000)", "First", key_display="Home"),
        Binding("end", "step(1000000)", "Last", key_display="End"),
        Binding("pageup", f"step({-_PAGE})", show=False),
        Binding("pagedown", f"step({_PAGE})", show=False),
        Binding("escape", "close", "Sessions", key_display="Esc"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(
        self, history: History, session: PastSession, rendering: Rendering, current: Callable[[], Status | None]
    ) -> None:
        super().__init__(Mode.HISTORY, current)
        self._history = history
        self._session = session
        self._rendering = rendering
        self._fields: tuple[PastField, ...] = ()
        self._at = 0
        self._reading = False

    def compose(self) -> ComposeResult:
        yield TitleBar(Mode.HISTORY)
        yield SimulatedBanner()
        with Horizontal(id="body"):
            yield Picture(self._rendering)
            with Vertical(id="panel"):
                yield Counts()
                yield PastFacts()
        yield VerdictLine()
        yield PastNotes()
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.query_one(SimulatedBanner).show(self._session.simulated)
        self.set_class(self._session.simulated, "-simulated")
        self.watch_title()
        self.query_one(VerdictLine).say(Said("·", "READING", "the record"))
        self._open()

    def on_screen_resume(self) -> None:
        """The picture is blank while a question lies over it."""
        self._read_on()

    @work
    async def _open(self) -> None:
        try:
            self._fields = await to_thread(self._history.fields, self._session.id)
        except HistoryError as error:
            self._cannot(error)
            return
        self._show_facts()
        self._read_on()

    def action_step(self, fields: int) -> None:
        at = min(max(self._at + fields, 0), max(0, len(self._fields) - 1))
        if at != self._at:
            self._at = at
            self._show_facts()
            self._read_on()

    def action_close(self) -> None:
        self.dismiss()

    def _show_facts(self) -> None:
        """What the record says of the field at once, without waiting for its picture."""
        session = self._session
        if not self._fields:
            self.query_one(VerdictLine).say(Said("·", "NO FIELD", "nothing was counted in this session"))
            self.query_one(Counts).show(Numbers(None, session.cells, {}, "whole session"))
            self.query_one(PastFacts).show(session, None, ())
            return
        field = self._fields[self._at]
        words = {kind: str(method) for kind, method in field.methods.items()}
        self.query_one(Counts).show(Numbers(field.counts, session.cells, words, "whole session"))
        self.query_one(PastFacts).show(session, self._at, self._fields)
        self.query_one(PastNotes).show(field.notes)
        self.query_one(VerdictLine).say(past_verdict(field), past_aside(field, None))

    def _read_on(self) -> None:
        if self._fields and not self._reading:
            self._reading = True
            self._read_pictures()

    @work
    async def _read_pictures(self) -> None:
        """One picture after another, until that of the field that is wanted now is shown."""
        shown = None
        try:
            while self.is_active and shown is not (field := self._fields[self._at]):
                picture = await to_thread(self._history.picture, field)
                if field is self._fields[self._at]:
                    await self._show_picture(field, picture)
                shown = field
        except HistoryError as error:
            self._cannot(error)
        finally:
            self._reading = False

    async def _show_picture(self, field: PastField, picture: FieldPicture) -> None:
        self.query_one(VerdictLine).say(past_verdict(field), past_aside(field, picture.missing))
        veil = NO_PICTURE if picture.missing else "UNDONE" if field.undone else None
        stamp = SIMULATED if self._session.simulated else None
        await self.query_one(Picture).show(Scene(picture.pixels, picture.cells, stamp, veil))

    def _cannot(self, error: HistoryError) -> None:
        self.query_one(VerdictLine).say(Said("×", "NOT READ", str(error), BAD))
