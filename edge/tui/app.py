"""HemoCam in a terminal: from the choice of a camera to the live screen and out again."""

from __future__ import annotations

import gc
import os
from asyncio import to_thread
from collections.abc import Callable, Sequence

from textual.app import App
from textual.theme import Theme

from edge.session import Session, Status
from edge.tui.messages import CameraChosen, OpeningFailed, SessionOpened
from edge.tui.pictures.scene import PictureKind
from edge.tui.pictures.terminal import rendering, wanted_kind
from edge.tui.screens.choose import ChooseScreen
from edge.tui.screens.finishing import FinishingScreen
from edge.tui.screens.live import LiveScreen

# Between looks at what came in. A moving picture of 104x41 cells is 150 kB: 1.9 MB/s here, 0.6 MB/s over a line.
_HERE_S = 0.08
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


class HemoCamApp(App[Status | None]):
    """Offers `choices`, opens one, shows it live; gives the session's last status, or None where none was opened.

    `open_session(index)` is called on a worker thread and may take seconds. An exception of `open_errors` says why it
    could not: its message is shown, and the choice is offered again; any other is a fault and ends the program. With one
    choice it is opened at once. `picture` is how to draw, by default what HEMOCAM_PICTURE says.

    The session is closed on a worker thread on every way out. Make this object before anything else takes the terminal:
    it asks the terminal what pictures it can show.

    Raises ValueError where there is no choice, or HEMOCAM_PICTURE says what it may not.
    """

    CSS_PATH = "hemocam.tcss"
    TITLE = "HemoCam"
    ENABLE_COMMAND_PALETTE = False

    def __init__(
        self,
        choices: Sequence[str],
        open_session: Callable[[int], Session],
        *,
        open_errors: tuple[type[Exception], ...],
        picture: PictureKind | None = None,
    ) -> None:
        if not choices:
            raise ValueError("there must be a camera to choose; the simulated slide always is one")
        super().__init__()
        self._choices = tuple(choices)
        self._choose = ChooseScreen(self._choices)
        self._open_session = open_session
        self._open_errors = open_errors
        self._rendering = rendering(wanted_kind() if picture is None else picture)
        self._session: Session | None = None
        self._leaving = False

    def on_mount(self) -> None:
        self.register_theme(_THEME)
        self.theme = "hemocam"
        self.push_screen(self._choose)
        if len(self._choices) == 1:
            self.call_after_refresh(self._open, 0)

    def on_camera_chosen(self, chosen: CameraChosen) -> None:
        self._open(chosen.index)

    def _open(self, index: int) -> None:
        self._choose.show_opening(index)
        self.run_worker(lambda: self._open_on_thread(index), thread=True, exclusive=True)

    def _open_on_thread(self, index: int) -> None:
        """A session that comes when the person has left already is closed here, for nobody else knows of it."""
        try:
            session = self._open_session(index)
        except self._open_errors as error:
            self.post_message(OpeningFailed(index, error))
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
        self._choose.show_failed(failed.index, failed.error)

    def on_session_opened(self, opened: SessionOpened) -> None:
        if not self._leaving:
            interval_s = _OVER_SSH_S if "SSH_CONNECTION" in os.environ else _HERE_S
            self.push_screen(LiveScreen(opened.session, self._rendering, interval_s))

    async def on_leave_requested(self) -> None:
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
