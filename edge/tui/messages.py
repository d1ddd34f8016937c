"""The Textual messages of this program."""

from __future__ import annotations

from textual.message import Message

from edge.session import Session


class EventsWaiting(Message):
    """The mailbox holds news; posted once, however much comes in before it is emptied."""


class CameraChosen(Message):
    """The person took the choice with this index."""

    def __init__(self, index: int) -> None:
        super().__init__()
        self.index = index


class SessionOpened(Message):
    """The camera that was chosen is open."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self.session = session


class OpeningFailed(Message):
    """The camera with this index could not be opened; `error` says why."""

    def __init__(self, index: int, error: Exception) -> None:
        super().__init__()
        self.index = index
        self.error = error


class LeaveRequested(Message):
    """The person wants to quit, and has said so twice where that is asked."""
