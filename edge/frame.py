"""One picture from a camera, with when and where it was taken."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timezone
from time import monotonic

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One captured frame.

    `pixels` is (height, width, 3) uint8 RGB and is made read-only here, so that every later stage may share it.
    `sequence` counts the frames of one camera from 0. `monotonic_s` is what durations are computed from; `wall_time`
    is only for people. `um_per_px` is the size of a pixel on the slide in micrometres, None where nobody calibrated it.
    `simulated` marks a frame that no microscope made; it follows the frame onto every screen, record and report.

    Raises ValueError where `pixels` is not such an array or `um_per_px` is not positive.
    """

    pixels: Pixels
    sequence: int
    source: str
    um_per_px: float | None = None
    simulated: bool = False
    monotonic_s: float = field(default_factory=monotonic)
    wall_time: datetime = field(default_factory=lambda: datetime.now(timezone.utc))

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 3 or self.pixels.shape[2] != 3 or 0 in self.pixels.shape:
            raise ValueError(f"a frame is (height, width, 3) uint8, not {self.pixels.shape} {self.pixels.dtype}")
        if self.um_per_px is not None and not self.um_per_px > 0:
            raise ValueError(f"um_per_px must be positive, not {self.um_per_px}")
        self.pixels.setflags(write=False)

    @property
    def height_px(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def width_px(self) -> int:
        return int(self.pixels.shape[1])
