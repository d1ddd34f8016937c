"""A microscope that is unplugged, hangs, freezes or goes dark on demand, over rendered fields."""

from __future__ import annotations

import os
from datetime import datetime, timezone
from functools import lru_cache
from time import monotonic, sleep
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from edge.cameras.camera import CameraInfo, CameraLost, CameraNotFound
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings, Stage
from edge.frame import Frame, Pixels
from tests.campaigns.faulty.switchboard import Fault, Switchboard

SPOTS = 10
KEPT_IN = "HEMOCAM_FAULTY_SPOTS"
"""Names a file of these fields to a process that is started: rendering them takes longer than starting."""
REST_FRAMES = 5
UM_PER_PX = 0.19


@lru_cache(maxsize=1)
def rendered_spots() -> NDArray[np.uint8]:
    """Fields of the simulated slide, (n, 480, 640, 3) uint8 RGB, that do not overlap; rendered once, also for the processes
    that this one starts."""
    if kept := os.environ.get(KEPT_IN):
        spots: NDArray[np.uint8] = np.load(kept)
        return spots
    stage = Stage(rest_frames=1, move_frames=0)
    with SimulatedSlide(SimulatedSlideSettings(seed=5, um_per_px=UM_PER_PX, frames_per_s=None, stage=stage)) as slide:
        return np.stack([slide.read().pixels for _ in range(SPOTS)])


class FaultyCamera:
    """A live camera: the stage rests on a spot for some frames, then is at the next; each frame has noise of its own."""

    def __init__(self, board: Switchboard, frames_per_s: float = 25.0) -> None:
        self._board, self._frames_per_s = board, frames_per_s
        self._info = CameraInfo("faulty", "faulty", "faulty microscope", live=True, simulated=True)
        self._random = np.random.default_rng(1)
        self._last: Pixels | None = None
        self._opened_s = 0.0
        self._sequence = 0

    @property
    def info(self) -> CameraInfo:
        return self._info

    def __enter__(self) -> FaultyCamera:
        if self._board.fault is Fault.UNPLUGGED:
            raise CameraNotFound("faulty microscope: nothing is plugged in; plug it in")
        self._sequence = 0
        self._opened_s = monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._last = None

    def read(self) -> Frame:
        """The newest frame, waited for a frame's time at most; see the module for what else may happen."""
        match self._board.fault:
            case Fault.UNPLUGGED:
                raise CameraLost("faulty microscope: stopped giving pictures; plug it in again")
            case Fault.HUNG:
                self._board.healed.wait()  # as a read() in the kernel after an unplug; it comes back late, or never
        due = max(self._sequence, int((monotonic() - self._opened_s) * self._frames_per_s))
        sleep(max(0.0, self._opened_s + due / self._frames_per_s - monotonic()))
        self._sequence = due + 1
        wall_time = datetime.fromtimestamp(self._board.wall_s(), timezone.utc)
        return Frame(self._pixels(), due, self._info.name, um_per_px=UM_PER_PX, simulated=True, wall_time=wall_time)

    def _pixels(self) -> Pixels:
        if self._board.fault is Fault.FROZEN and self._last is not None:
            return self._last
        spots = rendered_spots()
        # By the clock and not by the sequence, which begins anew when the camera is opened again.
        spot: Pixels = spots[int(monotonic() * self._frames_per_s / REST_FRAMES) % len(spots)]
        if self._board.fault is Fault.BLACK:
            spot = np.zeros_like(spot)
        noise = self._random.integers(0, 3, spot.shape, np.uint8)
        last: Pixels = np.minimum(spot, 252) + noise
        self._last = last
        return last
