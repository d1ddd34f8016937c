"""What the inference thread tells the loop."""

from __future__ import annotations

from dataclasses import dataclass

from edge.counting.errors import CountingError
from edge.counting.seen import Inferred
from engines.contract import EngineError, InferenceFailed
from engines.opening import Opened


@dataclass(frozen=True, slots=True, eq=False)
class InferenceDone:
    """The frame that was begun with this `token`."""

    token: int
    inferred: Inferred


@dataclass(frozen=True, slots=True)
class InferenceMissed:
    """The frame is FAILED: unknown, not empty. A CountingError is no fault of the engine (the frame's scale cannot be)."""

    token: int
    error: InferenceFailed | CountingError


@dataclass(frozen=True, slots=True)
class EngineRepairing:
    """No frame is taken until EngineReady; `text` says why, or how far it is."""

    text: str


@dataclass(frozen=True, slots=True)
class EngineReady:
    """From here on this engine computes; `text` is "" at the beginning, else it says what took over."""

    opened: Opened
    text: str = ""


@dataclass(frozen=True, slots=True)
class EngineGone:
    """No engine is left; nothing more can be counted."""

    error: EngineError


InferenceNews = InferenceDone | InferenceMissed | EngineRepairing | EngineReady | EngineGone
