"""How every captured frame ended."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FrameState(str, Enum):
    """How a captured frame ended. DROPPED: passed over openly, as a newer frame came or nobody accepted it."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    REJECTED = "rejected"
    DROPPED = "dropped"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Ledger:
    """How many frames were captured, and how many of them ended in each state; the rest are in hand.

    Raises ValueError where more ended than were captured, or a number is negative.
    """

    captured: int = 0
    counted: int = 0
    duplicate: int = 0
    rejected: int = 0
    dropped: int = 0
    failed: int = 0

    def __post_init__(self) -> None:
        if min(self.captured, *(getattr(self, state.value) for state in FrameState)) < 0 or self.in_hand < 0:
            raise ValueError(f"a ledger that does not add up: {self}")

    @property
    def ended(self) -> int:
        return self.counted + self.duplicate + self.rejected + self.dropped + self.failed

    @property
    def in_hand(self) -> int:
        """Frames on the way through the loop, the one on the screen and those waiting for their commit among them."""
        return self.captured - self.ended
