"""A picture of half blocks: two pixels in each character cell, in any terminal with colours."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np
from numpy.typing import NDArray
from rich.color import Color
from rich.segment import Segment
from rich.style import Style
from textual.strip import Strip

from edge.counting.cell import CellClass
from edge.counting.signs import SIGNS
from edge.frame import Pixels
from edge.tui.pictures.drawing import draw, fit, letters, words
from edge.tui.pictures.painted import PaintedStrip
from edge.tui.pictures.scene import Scene

# 32 steps a channel look like 256 at this size, and make long runs of cells that are the same.
TRUE_COLOUR = np.minimum(255, (np.arange(256) + 4) // 8 * 8).astype(np.uint8)
# The six steps of the 256-colour cube of xterm, each value to its nearest.
_CUBE = np.array([0, 95, 135, 175, 215, 255])
EIGHT_BIT = _CUBE[np.abs(np.arange(256)[:, None] - _CUBE).argmin(axis=1)].astype(np.uint8)

# Sensor noise moves a resized pixel by less than this; such a pixel is left as it was, so that a still field stands
# still and costs the line nothing.
_STILL = 10
_WORDS = "#000000", "#f0e442"
# A run of cells that look the same: its character, upper and lower colour as 0xRRGGBB, and how many cells.
Run = tuple[str, int, int, int]
# A character on the picture, with its colours as Rich writes them.
Mark = tuple[str, str, str]


class HalfBlocks:
    """Draws with ▀: the upper pixel in the foreground, the lower one in the background.

    `steps` maps a channel's 256 values to those that the terminal shows: TRUE_COLOUR or EIGHT_BIT.
    """

    def __init__(self, steps: NDArray[np.uint8] = TRUE_COLOUR) -> None:
        self._steps = steps
        self._painter = Painter(eight_bit=steps is EIGHT_BIT)
        self._shown: NDArray[np.int16] = np.zeros((0, 0, 3), np.int16)

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        width, height = fit(scene.pixels.shape[1], scene.pixels.shape[0], columns, rows)
        raster = self._steps[self._steadied(draw(scene, width, 2 * height))]
        colours = raster.astype(np.int32) @ np.array([1 << 16, 1 << 8, 1], np.int32)
        marks = _marks(scene, width, height)
        above, left = (rows - height) // 2, (columns - width) // 2
        edges = " " * left, " " * (columns - left - width)
        blank = Strip.blank(columns, ground)
        drawn: list[Strip] = []
        for row in range(height):
            runs = list(_runs(colours[2 * row], colours[2 * row + 1], marks.get(row, {})))
            painted = self._painter.row(edges, runs, ground)
            drawn.append(PaintedStrip(painted, partial(_segments, edges, runs, ground), columns))
        return [blank] * above + drawn + [blank] * (rows - height - above)

    def _steadied(self, raster: Pixels) -> NDArray[np.int16]:
        fresh = raster.astype(np.int16)
        if self._shown.shape == fresh.shape:
            still = np.abs(fresh - self._shown).max(axis=2, keepdims=True) < _STILL
            fresh = np.where(still, self._shown, fresh)
        self._shown = fresh
        return fresh


class Painter:
    """Rows as escape sequences (ECMA-48 SGR), a colour named only where it changes."""

    def __init__(self, *, eight_bit: bool) -> None:
        self._eight_bit = eight_bit
        self._upper: dict[int, str] = {}
        self._lower: dict[int, str] = {}

    def row(self, edges: tuple[str, str], runs: list[Run], ground: Style) -> str:
        parts: list[str] = []
        upper = lower = -1
        for character, above, below, cells in runs:
            if below != lower:
                parts.append(self._lower.get(below) or self._learn(self._lower, below, 48))
                lower = below
            if character == " ":
                parts.append(" " * cells)
                continue
            if above != upper:
                parts.append(self._upper.get(above) or self._learn(self._upper, above, 38))
                upper = above
            parts.append(character * cells if character == "▀" else f"\x1b[1m{character}\x1b[22m")
        outside = [ground.render(edge) if edge else "" for edge in edges]
        return f"{outside[0]}{''.join(parts)}\x1b[0m{outside[1]}"

    def _learn(self, known: dict[int, str], colour: int, plane: int) -> str:
        """At most 33³ colours are ever learnt for a plane, in practice a few hundred."""
        red, green, blue = colour.to_bytes(3, "big")
        if self._eight_bit:
            steps = [int(np.abs(_CUBE - value).argmin()) for value in (red, green, blue)]
            code = f"5;{16 + 36 * steps[0] + 6 * steps[1] + steps[2]}"
        else:
            code = f"2;{red};{green};{blue}"
        known[colour] = f"\x1b[{plane};{code}m"
        return known[colour]


def _runs(upper: NDArray[np.int32], lower: NDArray[np.int32], marks: dict[int, Mark]) -> Iterator[Run]:
    """One row of cells, those that look the same together; a cell of one colour is a blank on it."""
    changes = (np.diff(upper) != 0) | (np.diff(lower) != 0)
    for column in marks:
        changes[max(0, column - 1) : column + 1] = True
    starts = [0, *(np.flatnonzero(changes) + 1).tolist(), len(upper)]
    tops, bottoms = upper[starts[:-1]].tolist(), lower[starts[:-1]].tolist()
    for at, (above, below) in enumerate(zip(tops, bottoms, strict=True)):
        start, end = starts[at], starts[at + 1]
        mark = marks.get(start)
        if mark is not None:
            yield mark[0], int(mark[1][1:], 16), int(mark[2][1:], 16), 1
        else:
            yield " " if above == below else "▀", above, below, end - start


def _segments(edges: tuple[str, str], runs: list[Run], ground: Style) -> list[Segment]:
    """The same for Rich, which a screenshot is made by."""
    inside = [
        Segment(character * cells, Style(color=_colour(above), bgcolor=_colour(below), bold=character not in " ▀" or None))
        for character, above, below, cells in runs
    ]
    left, right = ([Segment(edge, ground)] if edge else [] for edge in edges)
    return [*left, *inside, *right]


def _colour(rgb: int) -> Color:
    red, green, blue = rgb.to_bytes(3, "big")
    return Color.from_rgb(red, green, blue)


def _marks(scene: Scene, columns: int, rows: int) -> dict[int, dict[int, Mark]]:
    """By row and column, letters of the rarer classes and the scene's words. Red cells are too many for letters: theirs is
    the plain outline."""
    marks: dict[int, dict[int, Mark]] = {}
    for (row, column), kind in letters(scene, columns, rows, (CellClass.PLT, CellClass.WBC)).items():
        marks.setdefault(row, {})[column] = SIGNS[kind].letter, "#000000", SIGNS[kind].colour
    for (row, column), character in words(scene, columns, rows).items():
        marks.setdefault(row, {})[column] = character, *_WORDS
    return marks
