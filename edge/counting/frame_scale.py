"""The red cell diameter of frame after frame: given, calibrated or estimated, and what is remembered of it."""

from __future__ import annotations

from collections import deque
from dataclasses import replace

from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import Scale, ScaleSource
from edge.counting.scale import estimate_cell_diameter
from edge.counting.scale_history import ScaleMedian
from edge.counting.stain import Pixels

RED_CELL_UM = 7.5
"""The mean diameter of a red cell on a dried, stained smear (Bain, Blood Cells, 5th ed.: 7.2-7.8 µm)."""
SETTLED = 5
ESTIMATED_EVERY = 8
"""Once the running median is of SETTLED frames, only every so manieth live frame is measured, which takes a third of an
inference's time. A change of the objective is seen sooner, by the network's own cells: see FieldCounter.read."""
ASSUMED_CELLS_ACROSS = 16.0
"""Where nothing can be measured a field is taken to be this many red cells wide, as at 1000x on a common sensor."""
ON_THE_WAY = 8
"""Frames that have a scale but were not looked at yet: one in the engine, one behind it, and some more."""


class FrameScale:
    """Tells the scale of each frame of one camera; the estimates of the last frames are its memory. For one thread."""

    def __init__(self, cell_diameter_px: float | None, live_frames: int, *, told_by_network: bool = False) -> None:
        """`cell_diameter_px` goes before everything else; estimates are the median of `live_frames`, 1 for stills.
        `told_by_network` is of a network that says the size of its cells: it needs estimates only to begin with."""
        self._given_px, self._live_frames, self._told_by_network = cell_diameter_px, live_frames, told_by_network
        self._scales = ScaleMedian(live_frames)
        self._correction = 1.0
        self._last: Scale | None = None
        self._frames = 0
        self._on_the_way: deque[tuple[Scale, float]] = deque(maxlen=ON_THE_WAY)

    def of(self, pixels: Pixels, um_per_px: float | None) -> Scale:
        """The scale to begin with for (height, width, 3) uint8 RGB `pixels`."""
        if self._given_px is not None:
            return Scale(self._given_px, 0.0, ScaleSource.GIVEN)
        if um_per_px is not None:
            return Scale(RED_CELL_UM / um_per_px, 0.0, ScaleSource.CALIBRATED)
        self._frames += 1
        settled = len(self._scales) >= min(SETTLED, self._live_frames)
        spared = self._told_by_network or self._frames % ESTIMATED_EVERY
        if self._last is not None and self._live_frames > 1 and settled and spared:
            return self._last
        try:
            estimate = estimate_cell_diameter(pixels)
        except ScaleUnknown:
            return Scale(pixels.shape[1] / ASSUMED_CELLS_ACROSS, 1.0, ScaleSource.ASSUMED)
        corrected = replace(estimate, cell_diameter_px=estimate.cell_diameter_px * self._correction)
        self._last = self._scales.add(corrected)
        self._on_the_way.append((self._last, self._correction))
        return self._last

    def correct(self, scale: Scale, measured: Scale) -> None:
        """The network's own cells say that `scale`, which `of` gave, should have been `measured`. On a live camera the next
        frames show the same smear: they go by it, and their estimates are corrected alike. What is older than the last
        correction teaches nothing.
        """
        known = any(one is scale and correction == self._correction for one, correction in self._on_the_way)
        if self._live_frames == 1 or not known:
            return
        self._correction *= measured.cell_diameter_px / scale.cell_diameter_px
        self._on_the_way.clear()
        self._scales.clear()
        for _ in range(min(SETTLED, self._live_frames)):  # it weighs as much as the frames that it spares to measure
            self._last = self._scales.add(replace(measured, source=ScaleSource.ESTIMATED))
        if self._last is not None:
            self._on_the_way.append((self._last, self._correction))
