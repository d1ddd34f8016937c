"""What a session is doing, and why it ended."""

from __future__ import annotations

from enum import Enum


class RunState(str, Enum):
    """What the loop is doing."""

    OPENING = "opening"
    STREAMING = "streaming"
    PAUSED = "paused"
    LOST = "lost"
    RECOVERING = "recovering"
    FINISHING = "finishing"
    FINISHED = "finished"


class FinishReason(str, Enum):
    """Why a session ended."""

    END_OF_FRAMES = "end of frames"
    STOPPED = "stopped"
    CAMERA_LOST = "camera lost"
    ENGINE_FAILED = "engine failed"
    STORE_FAILED = "store failed"
    FAILED = "failed"


GOOD_ENDS = frozenset({FinishReason.END_OF_FRAMES, FinishReason.STOPPED})
"""Nothing is to be mended; all others make a command's exit code 1."""
