"""Whether the camera still looks: a device that hangs half-way gives its last picture again and again."""

from __future__ import annotations

import numpy as np

from edge.frame import Pixels
from edge.optics.verdict import Rejected, RejectionReason, Verdict

# A sensor's noise makes two pictures of a resting slide differ in every second pixel; a stream that is coded hard may repeat
# itself for some frames between two key frames.
LEAST_FRAMES = 10
LEAST_S = 1.0
# Compared first, so that a live picture costs 0.03 ms: one pixel of so many each way.
STRIDE_PX = 16
# A sensor at its lower or upper limit has no noise: such pictures are the same without being frozen, and the gate's advice
# (lamp, exposure, cap) is the one that helps.
ALIKE_BY_THEMSELVES = (RejectionReason.BLACK, RejectionReason.SATURATED, RejectionReason.BLANK)
ADVICE = "The picture is frozen: the camera repeats one frame; it is opened again, else unplug it and plug it in."


class Freshness:
    """Compares each frame with the one before, which it keeps."""

    def __init__(self, least_frames: int = LEAST_FRAMES, least_s: float = LEAST_S) -> None:
        """A picture is frozen when it came `least_frames` times in a row, over `least_s` seconds or more."""
        self._least_frames, self._least_s = least_frames, least_s
        self._before: Pixels | None = None
        self._alike = 0
        self._since_s = 0.0
        self._frozen_s = 0.0

    @property
    def frozen_s(self) -> float:
        """For how many seconds the picture has been the same, 0 while it is not frozen; 10 s are a reason to reopen."""
        return self._frozen_s

    def judge(self, pixels: Pixels, monotonic_s: float, verdict: Verdict) -> Verdict:
        """`verdict`, or Rejected as FROZEN where (height, width, 3) uint8 RGB `pixels` are the last ones again.

        To be called with every frame, the rejected ones too, and with the gate's verdict on it; black, saturated and blank
        pictures stay what the gate said. `monotonic_s` is when the frame was taken.
        """
        if self._before is not None and _same(self._before, pixels):
            self._alike += 1
        else:
            self._alike, self._since_s = 1, monotonic_s
            self._before = pixels.copy() if pixels.flags.writeable else pixels  # a buffer that is filled again is no memory
        alike_s = monotonic_s - self._since_s
        sensor_at_limit = isinstance(verdict, Rejected) and verdict.reason in ALIKE_BY_THEMSELVES
        if self._alike < self._least_frames or alike_s < self._least_s or sensor_at_limit:
            self._frozen_s = 0.0
            return verdict
        self._frozen_s = alike_s
        return Rejected(verdict.quality, RejectionReason.FROZEN, ADVICE)

    def forget(self) -> None:
        """Begin anew, as after the camera was opened again."""
        self._before, self._alike, self._frozen_s = None, 0, 0.0


def _same(one: Pixels, other: Pixels) -> bool:
    if one.shape != other.shape:
        return False
    if not np.array_equal(one[::STRIDE_PX, ::STRIDE_PX], other[::STRIDE_PX, ::STRIDE_PX]):
        return False
    return one is other or bool(np.array_equal(one, other))  # only now every pixel: 0.1 ms for 640x480
