"""Whether a frame may be counted: exposure and focus, freshness, stillness."""

from __future__ import annotations

from edge.frame import Frame
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate
from edge.optics.stillness import Stillness
from edge.optics.verdict import Accepted, Verdict

FROZEN_S = 10.0
"""A picture that stands for so long is no hiccup of the stream: the camera is opened anew, and again after as long."""


class Judge:
    """The gate's verdict, and what only several frames together show. To be asked about every frame, in order."""

    def __init__(self, gate: Gate, freshness: Freshness | None, stillness: Stillness | None) -> None:
        """`freshness` and `stillness` are None where frames are not of one moving stage (stills)."""
        self._gate, self._freshness, self._stillness = gate, freshness, stillness

    def verdict(self, frame: Frame, cell_diameter_px: float | None) -> Verdict:
        verdict = self._gate.judge(frame.pixels, cell_diameter_px)
        if self._freshness is not None:
            verdict = self._freshness.judge(frame.pixels, frame.monotonic_s, verdict)
        if self._stillness is not None and isinstance(verdict, Accepted):
            verdict = self._stillness.judge(frame.pixels, verdict, cell_diameter_px)
        return verdict

    @property
    def frozen(self) -> bool:
        """The camera has repeated one picture for so long that it should be opened anew."""
        return self._freshness is not None and self._freshness.frozen_s >= FROZEN_S

    def forget(self) -> None:
        """The camera was opened anew, or is about to be."""
        if self._freshness is not None:
            self._freshness.forget()
