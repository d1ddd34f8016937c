"""A picture of half blocks: two pixels in each character cell, in any terminal with colours."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from edge.counting.cells import CellClass
from edge.frame import Pixels
from edge.tui.pictures.drawing import draw, fit, letters, words
from edge.tui.pictures.scene import Scene
from edge.tui.signs import SIGNS

# 32 steps a channel look like 256 at this size, and keep the styles of a smear few enough to be remembered.
TRUE_COLOUR = np.minimum(255, (np.arange(256) + 4) // 8 * 8).astype(np.uint8)
# The six steps of the 256-colour cube of xterm, each value to its nearest.
_CUBE = np.array([0, 95, 135, 175, 215, 255])
EIGHT_BIT = _CUBE[np.abs(np.arange(256)[:, None] - _CUBE).argmin(axis=1)].astype(np.uint8)

# Sensor noise moves a resized pixel by less than this; such a pixel is left as it was, so that a still field stands
# still and costs the line nothing.
_STILL = 10
_STYLES_KEPT = 4_000
Mark = tuple[tuple[int, int], Segment]
_WORDS = Style(color="#000000", bgcolor="#f0e442", bold=True)


class HalfBlocks:
    """Draws with ▀: the upper pixel in the foreground, the lower one in the background.

    `steps` maps a channel's 256 values to those that the terminal shows: TRUE_COLOUR or EIGHT_BIT.
    """

    def __init__(self, steps: NDArray[np.uint8] = TRUE_COLOUR) -> None:
        self._steps = steps
        self._styles: dict[int, Style] = {}
        self._shown: NDArray[np.int16] = np.zeros((0, 0, 3), np.int16)

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        width, height = fit(scene.pixels.shape[1], scene.pixels.shape[0], columns, rows)
        raster = self._steps[self._steadied(draw(scene, width, 2 * height))]
        packed = raster.astype(np.int64) @ np.array([1 << 16, 1 << 8, 1])
        keys = packed[0::2] << 24 | packed[1::2]
        marks = _marks(scene, width, height)
        for number, (place, _) in enumerate(marks):
            keys[place] = -1 - number
        above, left = (rows - height) // 2, (columns - width) // 2
        edges = Segment(" " * left, ground), Segment(" " * (columns - left - width), ground)
        blank = Strip.blank(columns, ground)
        drawn = [Strip([edges[0], *self._segments(line, marks), edges[1]], columns) for line in keys]
        return [blank] * above + drawn + [blank] * (rows - height - above)

    def _steadied(self, raster: Pixels) -> NDArray[np.int16]:
        fresh = raster.astype(np.int16)
        if self._shown.shape == fresh.shape:
            still = np.abs(fresh - self._shown).max(axis=2, keepdims=True) < _STILL
            fresh = np.where(still, self._shown, fresh)
        self._shown = fresh
        return fresh

    def _segments(self, keys: NDArray[np.int64], marks: list[Mark]) -> Iterator[Segment]:
        """One row, neighbours of equal key in one segment; key -1 - n is the mark numbered n."""
        ends = [*(np.flatnonzero(np.diff(keys)) + 1).tolist(), len(keys)]
        start = 0
        for end, key in zip(ends, keys[np.array(ends) - 1].tolist(), strict=True):
            yield marks[-1 - key][1] if key < 0 else Segment("▀" * (end - start), self._style(key))
            start = end

    def _style(self, key: int) -> Style:
        """The style of a cell whose key is its upper pixel's RGB, then its lower pixel's."""
        style = self._styles.get(key)
        if style is None:
            if len(self._styles) >= _STYLES_KEPT:
                self._styles.clear()
            red, green, blue, red_below, green_below, blue_below = key.to_bytes(6, "big")
            style = Style.from_color(Color.from_rgb(red, green, blue), Color.from_rgb(red_below, green_below, blue_below))
            self._styles[key] = style
        return style


def _marks(scene: Scene, columns: int, rows: int) -> list[Mark]:
    """Letters of the rarer classes, and the scene's words. Red cells are too many for letters: theirs is the plain mark."""
    placed = {
        place: Segment(SIGNS[kind].letter, Style(color="#000000", bgcolor=SIGNS[kind].colour, bold=True))
        for place, kind in letters(scene, columns, rows, (CellClass.PLT, CellClass.WBC)).items()
    }
    placed.update({place: Segment(character, _WORDS) for place, character in words(scene, columns, rows).items()})
    return list(placed.items())
