"""What a face may ask of a session."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from enum import Enum


class Request(str, Enum):
    """What a face may ask of the loop, where a word says all. UNDO_FIELD takes the slide's last committed field out of the
    totals again; its record stays, marked, and its frame counts as rejected ("undone")."""

    ACCEPT_FIELD = "accept field"
    UNDO_FIELD = "undo field"
    TOGGLE_AUTO = "toggle auto"
    TOGGLE_PAUSE = "toggle pause"
    SNAPSHOT = "snapshot"
    NEXT_METHOD = "next method"
    STOP = "stop"


@dataclass(frozen=True, slots=True)
class NewSlide:
    """Begin the next slide, of another specimen where one is named; else of the same."""

    specimen: str | None = None


@dataclass(frozen=True, slots=True)
class AddNote:
    """Keep a person's words with the slide in hand, and with its last field where there is one."""

    text: str
    written: datetime = field(default_factory=lambda: datetime.now(timezone.utc), compare=False)


Wish = Request | NewSlide | AddNote
