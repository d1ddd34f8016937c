"""What there is to draw: a frame, its cells, and the words that must not be missed; and the ways to draw it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum
from typing import Protocol

from rich.style import Style
from textual.strip import Strip

from edge.counting.cell import Cell
from edge.frame import Pixels


class PictureKind(str, Enum):
    """How the picture is shown. AUTO takes the best that the terminal can."""

    AUTO = "auto"
    HALF_BLOCKS = "halfblocks"
    TEXT = "text"


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """`stamp` is burnt into two corners (SIMULATED); `veil` is written across (PAUSED), where the picture is not live."""

    pixels: Pixels
    cells: tuple[Cell, ...] = ()
    stamp: str | None = None
    veil: str | None = None


class Rendering(Protocol):
    """Draws scenes into character cells. Called on a worker thread, one call at a time."""

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        """`rows` strips, each `columns` wide; what the picture leaves free is in the style `ground`."""
        ...
