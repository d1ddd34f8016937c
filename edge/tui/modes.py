"""The three modes of the screen."""

from __future__ import annotations

from enum import Enum


class Mode(str, Enum):
    """Each with its own stack of screens; a session goes on while another mode is looked at."""

    SETUP = "setup"
    LIVE = "live"
    HISTORY = "history"

    @property
    def key(self) -> str:
        return {"setup": "1", "live": "2", "history": "3"}[self.value]
