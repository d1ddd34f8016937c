"""Whether the slide stands still: a frame taken on the way is blurred, and no field of its own."""

from __future__ import annotations

from dataclasses import replace

from edge.frame import Pixels
from edge.optics.motion import MotionMeter
from edge.optics.verdict import Accepted, Rejected, RejectionReason, Verdict

ASSUMED_DIAMETER_PX = 40.0
# With its sign and reason it fits a line of 80: it comes and goes with every move, and must not push the screen about.
ADVICE = "The slide is moving: hold it still to count."


class Stillness:
    """Compares each frame with the one before; keeps that one."""

    def __init__(self, most_diameters: float = 0.15) -> None:
        """`most_diameters` is how far, in red cell diameters a frame, the picture may go and still be counted."""
        self._meter = MotionMeter()
        self._most_diameters = most_diameters

    def judge(self, pixels: Pixels, verdict: Accepted, cell_diameter_px: float | None) -> Verdict:
        """`verdict`, or Rejected where (height, width, 3) uint8 RGB `pixels` have moved since the last call.

        The first frame, and one that cannot be compared with the last (nothing in view), pass.
        """
        moved = self._meter.measure(pixels)
        if moved is None or moved.distance_px <= self._most_diameters * (cell_diameter_px or ASSUMED_DIAMETER_PX):
            return verdict
        return Rejected(replace(verdict.quality), RejectionReason.MOVING, ADVICE)
