"""Shown while the session commits the field in hand and lets the camera go."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Static


class FinishingScreen(ModalScreen[None]):
    """Takes no keys: it goes when the work is done."""

    def compose(self) -> ComposeResult:
        with Vertical(classes="box"):
            yield Static("finishing… the field in hand is being stored")
