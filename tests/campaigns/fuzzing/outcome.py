"""How an input ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Outcome(str, Enum):
    """ACCEPTED and REFUSED are as it should be; the others are findings."""

    ACCEPTED = "accepted"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    """Refused with a message that does not name the file, is very long or cannot be printed."""
    TRACEBACK = "traceback"
    HANG = "hang"
    CRASH = "crash"


FINDINGS = (Outcome.UNCLEAR, Outcome.TRACEBACK, Outcome.HANG, Outcome.CRASH)


@dataclass(frozen=True, slots=True)
class Ended:
    """`text` is the message or the traceback; `place` names the spot, so that like ones are kept once."""

    index: int
    outcome: Outcome
    took_s: float
    text: str = ""
    place: str = ""
