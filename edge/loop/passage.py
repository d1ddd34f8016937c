"""A frame on its way through the loop: one of a few states, each with all that it needs and nothing else.

::

    judged ── fit ──▶ asked ─▶ begun ─▶ inferred ─▶ counted
       │ │                 ▲                  │
       │ │ rejected        └── another scale ─┤
       │ ▼                                    ▼
       │ turned away                       failed (from asked and begun too)
       ▼
    resting
"""

from __future__ import annotations

from dataclasses import dataclass

from edge.counting.field_count import FieldCount, Scale
from edge.counting.seen import Asked as Question
from edge.counting.seen import Inferred as Answer
from edge.counting.seen import Seen
from edge.frame import Frame
from edge.optics.verdict import Accepted, Rejected


@dataclass(frozen=True, slots=True, eq=False)
class TurnedAway:
    """The gate rejected it."""

    frame: Frame
    verdict: Rejected


@dataclass(frozen=True, slots=True, eq=False)
class Fit:
    """The gate accepted it."""

    frame: Frame
    verdict: Accepted


@dataclass(frozen=True, slots=True, eq=False)
class Resting:
    """It shows what was counted just before, no sharper: `count` holds for it too."""

    frame: Frame
    verdict: Accepted
    count: FieldCount


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """It is prepared at `scale` and waits for the engine; `look` counts from 1 how often it goes through."""

    frame: Frame
    verdict: Accepted
    scale: Scale
    question: Question
    look: int = 1


@dataclass(frozen=True, slots=True, eq=False)
class _AtTheEngine:
    asked: Asked

    @property
    def frame(self) -> Frame:
        return self.asked.frame

    @property
    def verdict(self) -> Accepted:
        return self.asked.verdict


@dataclass(frozen=True, slots=True, eq=False)
class Begun(_AtTheEngine):
    """The engine is at work on it."""


@dataclass(frozen=True, slots=True, eq=False)
class Inferred(_AtTheEngine):
    """The engine has answered."""

    answer: Answer


@dataclass(frozen=True, slots=True, eq=False)
class Counted:
    """Its cells are found; `seen` is what other methods could still look at."""

    frame: Frame
    verdict: Accepted
    seen: Seen
    count: FieldCount


@dataclass(frozen=True, slots=True, eq=False)
class Failed:
    """It has no count: unknown, not zero."""

    frame: Frame
    verdict: Accepted
    error: Exception


Through = TurnedAway | Resting | Counted | Failed
"""What has come through."""
Passage = Asked | Begun | Inferred | Through
