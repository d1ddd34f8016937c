"""A camera without a microscope: a stage that pans over one rendered smear whose every cell is known."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from time import monotonic, sleep
from types import TracebackType

import numpy as np

from edge.cameras.camera import CameraInfo
from edge.frame import Frame
from edge.smear.imaging import Imaging, focused, sense
from edge.smear.slide import Smear, SmearRecipe, make_smear
from edge.smear.staining import Density, Plate, Stain, stain_window
from edge.smear.truth import TrueCell, true_cells

TILE_PX = 256
KEPT_TILES = 64
MARGIN_UM = 20.0


@dataclass(frozen=True, slots=True)
class Stage:
    """How a hand moves the slide: it rests on a field for `rest_frames`, then goes to the next in `move_frames`.

    Fields lie in rows, to and fro; `step` is the way from one to the next in field widths (below 1 they overlap).
    """

    rest_frames: int = 20
    move_frames: int = 6
    step: float = 1.08


@dataclass(frozen=True, slots=True)
class SimulatedSlideSettings:
    """`frames_per_s` None gives every frame at once when asked; a number makes a live camera that leaves out
    what nobody reads in time."""

    seed: int = 1
    width_px: int = 640
    height_px: int = 480
    um_per_px: float = 0.19
    glass_um: tuple[float, float] = (1000.0, 720.0)
    frames_per_s: float | None = 15.0
    smear: SmearRecipe = field(default_factory=SmearRecipe)
    stain: Stain = field(default_factory=Stain)
    imaging: Imaging = field(default_factory=Imaging)
    stage: Stage = field(default_factory=Stage)


@lru_cache(maxsize=1)
def _laid(seed: int, glass_um: tuple[float, float], recipe: SmearRecipe) -> Smear:
    """The smear with a margin around it; kept, as laying some 7,000 cells takes a second whenever the camera is opened."""
    return make_smear(seed, glass_um[0] + 2 * MARGIN_UM, glass_um[1] + 2 * MARGIN_UM, recipe)


class SimulatedSlide:
    """See the module. The same settings give the same frames."""

    def __init__(self, settings: SimulatedSlideSettings | None = None) -> None:
        self._settings = settings or SimulatedSlideSettings()
        live = self._settings.frames_per_s is not None
        self._info = CameraInfo("simulated_slide", f"seed {self._settings.seed}", "Simulated slide", live, simulated=True)
        self._open = False
        self._sequence = 0
        self._opened_s = 0.0
        self._tiles: OrderedDict[tuple[int, int], Plate] = OrderedDict()
        self._light: tuple[tuple[int, int], Density] | None = None

    @property
    def info(self) -> CameraInfo:
        return self._info

    def __enter__(self) -> SimulatedSlide:
        self._smear = _laid(self._settings.seed, self._settings.glass_um, self._settings.smear)
        self._open, self._sequence, self._opened_s = True, 0, monotonic()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._open = False
        self._tiles.clear()
        self._light = None

    def read(self) -> Frame:
        """The next frame, or in live mode the newest (waiting for it, a frame's time at most)."""
        if not self._open:
            raise RuntimeError("the simulated slide is closed: read it inside `with`")
        s = self._settings
        if s.frames_per_s is not None:
            due = int((monotonic() - self._opened_s) * s.frames_per_s)
            if due < self._sequence:
                sleep(max(0.0, self._opened_s + self._sequence / s.frames_per_s - monotonic()))
                due = self._sequence
            self._sequence = due
        sequence = self._sequence
        self._sequence += 1
        x_px, y_px, speed_px = self._position(sequence)
        imaging = s.imaging
        if speed_px > 0:
            # The shutter is open for a third of a frame's time.
            imaging = replace(imaging, motion_um=imaging.motion_um + speed_px * s.um_per_px / 3.0)
        if self._light is None or self._light[0] != (x_px, y_px):  # while the stage rests only the sensor's noise changes
            self._light = (x_px, y_px), focused(self._window(x_px, y_px).density, imaging, s.um_per_px)
        pixels = sense(self._light[1], imaging, np.random.default_rng((s.seed, sequence)))
        return Frame(pixels, sequence, self._info.name, um_per_px=s.um_per_px, simulated=True)

    def truth(self, sequence: int) -> tuple[TrueCell, ...]:
        """The cells that really show in the frame of this sequence number."""
        s = self._settings
        x_px, y_px, _ = self._position(sequence)
        x_um, y_um = x_px * s.um_per_px, y_px * s.um_per_px
        return true_cells(self._smear, self._window(x_px, y_px), x_um, y_um, s.um_per_px)

    def _position(self, sequence: int) -> tuple[int, int, float]:
        """Where the frame's upper left corner lies on the glass, in pixels, and how far the stage goes in a frame's time."""
        s, stage = self._settings, self._settings.stage
        columns = max(1, int((s.glass_um[0] / s.um_per_px - s.width_px) / (stage.step * s.width_px)) + 1)
        rows = max(1, int((s.glass_um[1] / s.um_per_px - s.height_px) / (stage.step * s.height_px)) + 1)
        spot, since = divmod(sequence, stage.rest_frames + stage.move_frames)

        def corner(spot: int) -> tuple[float, float]:
            # To the last field and back again: a person who goes on after the last field sees known ones.
            spots = columns * rows
            there = spot % (2 * spots)
            there = there if there < spots else 2 * spots - 1 - there
            row, column = divmod(there, columns)
            column = column if row % 2 == 0 else columns - 1 - column
            margin_px = MARGIN_UM / s.um_per_px
            return margin_px + column * stage.step * s.width_px, margin_px + row * stage.step * s.height_px

        (x0, y0), (x1, y1) = corner(spot), corner(spot + 1)
        moved = max(0, since - stage.rest_frames + 1) / (stage.move_frames + 1)
        speed_px = float(np.hypot(x1 - x0, y1 - y0)) / (stage.move_frames + 1) if moved else 0.0
        return round(x0 + (x1 - x0) * moved), round(y0 + (y1 - y0) * moved), speed_px

    def _window(self, x_px: int, y_px: int) -> Plate:
        """The stained glass in the frame, put together from tiles, so that what two frames share is rendered once."""
        s = self._settings
        density = np.empty((s.height_px, s.width_px, 3), np.float32)
        top = np.empty((s.height_px, s.width_px), np.int32)
        for row in range(y_px // TILE_PX, (y_px + s.height_px - 1) // TILE_PX + 1):
            for column in range(x_px // TILE_PX, (x_px + s.width_px - 1) // TILE_PX + 1):
                tile = self._tile(column, row)
                left, up = column * TILE_PX - x_px, row * TILE_PX - y_px
                x0, x1 = max(0, left), min(s.width_px, left + TILE_PX)
                y0, y1 = max(0, up), min(s.height_px, up + TILE_PX)
                part = np.s_[y0 - up : y1 - up, x0 - left : x1 - left]
                density[y0:y1, x0:x1], top[y0:y1, x0:x1] = tile.density[part], tile.top[part]
        return Plate(density, top)

    def _tile(self, column: int, row: int) -> Plate:
        key = (column, row)
        if key not in self._tiles:
            s = self._settings
            side_um = TILE_PX * s.um_per_px
            self._tiles[key] = stain_window(
                self._smear, s.stain, column * side_um, row * side_um, TILE_PX, TILE_PX, s.um_per_px, s.seed
            )
            if len(self._tiles) > KEPT_TILES:
                self._tiles.popitem(last=False)
        self._tiles.move_to_end(key)
        return self._tiles[key]
