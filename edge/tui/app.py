"""HemoCam in a terminal: setup, live and history, and out again."""

from __future__ import annotations

import gc
import os
from asyncio import to_thread
from collections.abc import Callable, Sequence

from textual.app import App
from textual.theme import Theme

from edge.session.events import Session, Status
from edge.session.history import History
from edge.session.run_state import RunState
from edge.tui.messages import BeginRequested, LeaveRequested, ModeRequested, OpeningFailed, SessionOpened
from edge.tui.modes import Mode
from edge.tui.pace import Pace
from edge.tui.pictures.scene import PictureKind
from edge.tui.pictures.terminal import rendering, wanted_kind
from edge.tui.pictures.turns import OneAtATime
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.finishing import FinishingScreen
from edge.tui.screens.history import HistoryScreen
from edge.tui.screens.live import LiveScreen
from edge.tui.screens.setup import SetupScreen
from edge.tui.setup import Setup

# Between looks at what came in. A moving picture of 104x41 cells is 100 kB: 1 MB/s here, 0.4 MB/s over a line.
_HERE_S = 0.1
_OVER_SSH_S = 0.25
# Quiet greys beside an eyepiece; colour is kept for the classes and for what needs a look.
_THEME = Theme(
    name="hemocam",
    primary="#56b4e9",
    warning="#f0e442",
    error="#ff8f70",
    success="#6cc5a1",
    foreground="#d8dade",
    background="#14161a",
    surface="#1b1e23",
    panel="#23272e",
    dark=True,
)
_SETUP = Setup()


class HemoCamApp(App[Status | None]):
    """Setup, live and history; gives the last session's status, or None where none was opened.

    `choices` are the cameras as a person reads them. `open_session(setup)` is called on a worker thread and may take
    seconds; `setup.camera` is the index of the choice, the rest is what the person typed, beginning with `setup`. An
    exception of `open_errors` says why it could not: its message is shown, and the setup is offered again; any other is
    a fault and ends the program. With one choice the session is opened at once. `history` is the record to look back into,
    None where there is none (the history says so). `picture` is how to draw, by default what HEMOCAM_PICTURE says.

    The session is closed on a worker thread on every way out, and before another is begun. Make this object before
    anything else takes the terminal: it asks the terminal what pictures it can show.

    Raises ValueError where there is no choice, or HEMOCAM_PICTURE says what it may not.
    """

    CSS_PATH = "hemocam.tcss"
    TITLE = "HemoCam"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        choices: Sequence[str],
        open_session: Callable[[Setup], Session],
        *,
        open_errors: tuple[type[Exception], ...],
        history: History | None = None,
        setup: Setup = _SETUP,
        picture: PictureKind | None = None,
    ) -> None:
        if not choices:
            raise ValueError("there must be a camera to choose; the simulated slide always is one")
        super().__init__()
        self._choices = tuple(choices)
        self._first = setup
        self._open_session = open_session
        self._open_errors = open_errors
        self._rendering = OneAtATime(rendering(wanted_kind() if picture is None else picture))
        self._setup = SetupScreen(self._choices, setup, self._current)
        self._session: Session | None = None
        self._leaving = False
        self.add_mode(Mode.SETUP.value, lambda: self._setup)
        self.add_mode(Mode.HISTORY.value, lambda: HistoryScreen(history, self._rendering, self._current))

    def _current(self) -> Status | None:
        return None if self._session is None else self._session.status

    async def on_mount(self) -> None:
        self.register_theme(_THEME)
        self.theme = "hemocam"
        await self.switch_mode(Mode.SETUP.value)
        if len(self._choices) == 1:
            self.call_after_refresh(self._open, self._first)

    async def on_mode_requested(self, wanted: ModeRequested) -> None:
        """Live stands for setup while no session is open."""
        mode = wanted.mode
        if mode is Mode.LIVE and Mode.LIVE.value not in self._modes:
            mode = Mode.SETUP
        if not self._leaving:
            await self.switch_mode(mode.value)

    def on_begin_requested(self, begin: BeginRequested) -> None:
        status = self._current()
        if status is None or status.run_state is RunState.FINISHED:
            self._open(begin.setup)
        else:
            question = "A session is running. End it and begin another?"
            self.push_screen(ConfirmScreen(question), lambda yes: self._open(begin.setup) if yes else None)

    def _open(self, setup: Setup) -> None:
        self._setup.show_opening(setup)
        self.run_worker(lambda: self._open_on_thread(setup), thread=True, exclusive=True)

    def _open_on_thread(self, setup: Setup) -> None:
        """The session before this one is ended first, for both may want the same camera. A session that comes when the
        person has left already is closed here, for nobody else knows of it."""
        if self._session is not None:
            self._session.close()
        try:
            session = self._open_session(setup)
        except self._open_errors as error:
            self.post_message(OpeningFailed(setup, error))
            return
        # What is loaded by now stays. Left among the young it is searched for garbage every few seconds while live, and
        # all threads stand still meanwhile: 100 to 200 ms, against 10 once it is set aside.
        gc.collect()
        gc.freeze()
        self._session = session
        if self._leaving:
            session.close()
        else:
            self.post_message(SessionOpened(session))

    def on_opening_failed(self, failed: OpeningFailed) -> None:
        self._setup.show_failed(failed.setup, failed.error)

    async def on_session_opened(self, opened: SessionOpened) -> None:
        if self._leaving:
            return
        pace = Pace(_OVER_SSH_S if "SSH_CONNECTION" in os.environ else _HERE_S)
        if Mode.LIVE.value in self._modes:
            await self.switch_mode(Mode.SETUP.value)
            await self.remove_mode(Mode.LIVE.value)
        self.add_mode(Mode.LIVE.value, lambda: LiveScreen(opened.session, self._rendering, pace))
        self._setup.show_opened()
        await self.switch_mode(Mode.LIVE.value)

    async def on_leave_requested(self, _: LeaveRequested) -> None:
        """Asks only where counting goes on by itself; what was counted is kept in any case."""
        status = self._current()
        if status is not None and status.run_state is RunState.STREAMING and status.auto:
            await self.push_screen(ConfirmScreen("Fields are being counted. Stop and quit?"), self._leave)
        else:
            await self.action_quit()

    async def _leave(self, yes: bool | None) -> None:
        if yes:
            await self.action_quit()

    async def action_quit(self) -> None:
        """Close the session, which may take a moment, and leave."""
        if self._leaving:
            return
        self._leaving = True
        session = self._session
        if session is None:
            self.exit(None)
            return
        await self.push_screen(FinishingScreen())
        self.run_worker(self._close(session))

    async def _close(self, session: Session) -> None:
        await to_thread(session.close)
        self.exit(session.status)

    async def on_unmount(self) -> None:
        """The way out of a fault too: closing twice does no harm."""
        self._leaving = True
        if self._session is not None:
            await to_thread(self._session.close)
