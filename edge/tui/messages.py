"""The Textual messages of this program."""

from __future__ import annotations

from textual.message import Message

from edge.session.events import Session
from edge.tui.modes import Mode
from edge.tui.setup import Setup


class EventsWaiting(Message):
    """The mailbox holds news; posted once, however much comes in before it is emptied."""


class BeginRequested(Message):
    """The person wants a session with this setup."""

    def __init__(self, setup: Setup) -> None:
        super().__init__()
        self.setup = setup


class SessionOpened(Message):
    """The camera that was chosen is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session


class OpeningFailed(Message):
    """No session could be opened with this setup; `error` says why."""

    def __init__(self, setup: Setup, error: Exception) -> None:
        super().__init__()
        self.setup = setup
        self.error = error


class ModeRequested(Message):
    """The person wants to look at this mode."""

    def __init__(self, mode: Mode) -> None:
        super().__init__()
        self.mode = mode


class LeaveRequested(Message):
    """The person wants to quit."""
