"""The picture with its outlines."""

from __future__ import annotations

from asyncio import Lock, to_thread
from time import thread_time

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from edge.session.events import FieldSeen, Status
from edge.session.run_state import RunState
from edge.tui.pictures.scene import Rendering, Scene

SIMULATED = "SIMULATED"
_VEILS: dict[RunState, str | None] = {
    **{state: state.value.upper() for state in RunState},
    RunState.STREAMING: None,
    RunState.LOST: "CAMERA LOST",
}


class Picture(Widget):
    """A field, drawn on a worker thread into as many character cells as there are.

    Raw sequences of a rendering bypass Textual's styles, so the widget has no border or padding of its own, and shows
    nothing while another screen lies over it.
    """

    def __init__(self, rendering: Rendering) -> None:
        super().__init__()
        self._rendering = rendering
        self._scene: Scene | None = None
        self._strips: list[Strip] = []
        self._drawing = Lock()

    async def show(self, scene: Scene | None) -> float:
        """Draw `scene`, or nothing; returns when it is with the screen: how many seconds of processor time that took on
        the worker thread."""
        self._scene = scene
        return await self._draw()

    async def on_resize(self) -> None:
        await self._draw()

    async def _draw(self) -> float:
        """One after another, for a new scene and a new size may come at once; what was drawn for a size that is no more is
        drawn again. Only rows that changed are sent: a still field costs the line to the terminal nothing."""
        async with self._drawing:
            cost_s, strips, size = 0.0, list[Strip](), None
            while self._scene is not None and size != self.size and self.size:
                size = self.size
                strips, spent_s = await to_thread(self._rendered, self._scene, size.width, size.height)
                cost_s += spent_s
            self._put(strips)
        return cost_s

    def _put(self, strips: list[Strip]) -> None:
        before, self._strips = self._strips, strips
        if len(before) != len(strips):
            self.refresh()
            return
        width = self.size.width
        changed = [Region(0, row, width, 1) for row in range(len(strips)) if before[row] != strips[row]]
        if changed:
            self.refresh(*changed)

    def _rendered(self, scene: Scene, columns: int, rows: int) -> tuple[list[Strip], float]:
        began = thread_time()
        strips = self._rendering.strips(scene, columns, rows, self.rich_style)
        return strips, thread_time() - began

    def render_lines(self, crop: Region) -> list[Strip]:
        drawn = self._strips if self.screen.is_active and len(self._strips) == self.size.height else []
        blank = Strip.blank(self.size.width, self.rich_style)
        return [(drawn[row] if row < len(drawn) else blank).crop(crop.x, crop.right) for row in crop.line_range]


def live_scene(field: FieldSeen, status: Status) -> Scene:
    return Scene(
        pixels=field.frame.pixels,
        cells=() if field.count is None else field.count.cells,
        stamp=SIMULATED if status.simulated or field.frame.simulated else None,
        veil=_VEILS[status.run_state],
    )
