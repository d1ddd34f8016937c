"""The recorded sessions, to choose one from."""

from __future__ import annotations

from asyncio import to_thread
from collections.abc import Callable
from datetime import timezone
from typing import ClassVar

from rich.text import Text
from textual import work
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from edge.counting.cell import CellClass
from edge.session.events import Status
from edge.session.history import History, HistoryError, PastSession
from edge.tui.messages import ModeRequested
from edge.tui.modes import Mode
from edge.tui.pictures.scene import Rendering
from edge.tui.screens.mode_screen import ModeScreen
from edge.tui.screens.past import PastScreen
from edge.tui.widgets.counts import UNKNOWN
from edge.tui.widgets.title import TitleBar
from edge.tui.widgets.verdict import BAD

_STATES = {"running": "● running", "finished": "■ finished", "interrupted": "! interrupted"}
_HEAD = f" {'begun (UTC)':<17}{'':<14}{'fields':>6}{'R':>8}{'W':>7}{'P':>7}  specimen, camera"


class HistoryScreen(ModeScreen):
    """A line a session, the newest first; read anew whenever the screen is come to."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "open", "Open", key_display="Enter", priority=True),
        Binding("escape", "back", "Live", key_display="Esc"),
        Binding("question_mark", "help", "Help", key_display="?"),
        Binding("q", "leave", "Quit"),
    ]

    def __init__(self, history: History | None, rendering: Rendering, current: Callable[[], Status | None]) -> None:
        super().__init__(Mode.HISTORY, current)
        self._history = history
        self._rendering = rendering
        self._sessions: tuple[PastSession, ...] = ()

    def compose(self) -> ComposeResult:
        yield TitleBar(Mode.HISTORY)
        yield Static(Text(_HEAD, "dim", no_wrap=True), id="head")
        yield OptionList(id="sessions", compact=True)
        yield Static(id="message")
        yield Footer(show_command_palette=False, compact=True)

    def on_mount(self) -> None:
        self.watch_title()

    def on_screen_resume(self) -> None:
        self._read()

    @work(exclusive=True)
    async def _read(self) -> None:
        if self._history is None:
            self._say(Text("there is no record to look back into", "dim"))
            return
        try:
            sessions = await to_thread(self._history.sessions)
        except HistoryError as error:
            self._say(Text.assemble(("× the record could not be read\n", BAD), str(error)))
            return
        self._say(Text("" if sessions else "nothing was recorded yet: 1 begins a session", "dim"))
        self._list(sessions)

    def _list(self, sessions: tuple[PastSession, ...]) -> None:
        """The line that was highlighted stays so, also where newer sessions came in above it."""
        options = self.query_one(OptionList)
        at = options.highlighted
        before = None if at is None else self._sessions[at].id
        self._sessions = sessions
        options.set_options(Option(_line(session)) for session in sessions)
        ids = [session.id for session in sessions]
        options.highlighted = ids.index(before) if before in ids else 0 if ids else None
        options.focus()

    def _say(self, message: Text) -> None:
        self.query_one("#message", Static).update(message)

    def on_option_list_option_selected(self, selected: OptionList.OptionSelected) -> None:
        if self._history is not None:
            session = self._sessions[selected.option_index]
            self.app.push_screen(PastScreen(self._history, session, self._rendering, self._current))

    def action_open(self) -> None:
        self.query_one(OptionList).action_select()

    def action_back(self) -> None:
        self.post_message(ModeRequested(Mode.LIVE))


def _line(session: PastSession) -> Text:
    cells = [str(session.cells.get(kind, UNKNOWN)) for kind in (CellClass.RBC, CellClass.WBC, CellClass.PLT)]
    begun = session.started.astimezone(timezone.utc)
    line = Text(f" {begun:%Y-%m-%d %H:%M} {_STATES.get(session.state, session.state):<14}", no_wrap=True, overflow="ellipsis")
    line.append(f"{session.fields:>6}{cells[0]:>8}{cells[1]:>7}{cells[2]:>7}  ", "bold")
    if session.simulated:
        line.append("SIMULATED", "bold reverse").append(" ")
    return line.append(" · ".join(word for word in (session.specimen, session.camera) if word))
