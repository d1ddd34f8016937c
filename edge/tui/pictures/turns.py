"""Renderings keep what they drew before; two screens share one by taking turns."""

from __future__ import annotations

from threading import Lock

from rich.style import Style
from textual.strip import Strip

from edge.tui.pictures.scene import Rendering, Scene


class OneAtATime:
    """A rendering that any thread may call."""

    def __init__(self, rendering: Rendering) -> None:
        self._rendering = rendering
        self._lock = Lock()

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        with self._lock:
            return self._rendering.strips(scene, columns, rows, ground)
