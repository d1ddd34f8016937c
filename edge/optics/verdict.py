"""What the gate says of a frame."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class RejectionReason(str, Enum):
    """Why a frame is not fit to be counted. UNDONE: it was counted, and a person took it out again."""

    BLACK = "black"
    SATURATED = "saturated"
    BLANK = "blank"
    DEFOCUSED = "defocused"
    MOVING = "moving"
    FROZEN = "frozen"
    UNDONE = "undone"


@dataclass(frozen=True, slots=True)
class Quality:
    """What was measured: `focus` (larger is sharper, see optics.focus), `brightness` and `contrast` (0..1),
    `saturated` (share of pixels at the sensor's limit, 0..1)."""

    focus: float
    brightness: float
    contrast: float
    saturated: float


@dataclass(frozen=True, slots=True)
class Accepted:
    """The frame may be counted."""

    quality: Quality


@dataclass(frozen=True, slots=True)
class Rejected:
    """The frame must not be counted; `advice` is one sentence for the person at the microscope."""

    quality: Quality
    reason: RejectionReason
    advice: str


Verdict = Accepted | Rejected
