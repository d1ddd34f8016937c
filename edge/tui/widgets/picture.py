"""The moving picture with its outlines."""

from __future__ import annotations

from asyncio import to_thread

from textual.geometry import Region
from textual.strip import Strip
from textual.widget import Widget

from edge.session import FieldSeen, RunState, Status
from edge.tui.pictures.scene import Rendering, Scene

SIMULATED = "SIMULATED"
_VEILS = {RunState.PAUSED: "PAUSED", RunState.LOST: "CAMERA LOST", RunState.FINISHED: "FINISHED", RunState.OPENING: "OPENING"}


class Picture(Widget):
    """The newest field, drawn on a worker thread into as many character cells as there are.

    Raw sequences of a rendering bypass Textual's styles, so the widget has no border or padding of its own, and shows
    nothing while another screen lies over it.
    """

    def __init__(self, rendering: Rendering) -> None:
        super().__init__()
        self._rendering = rendering
        self._field: FieldSeen | None = None
        self._status: Status | None = None
        self._strips: list[Strip] = []

    async def show(self, field: FieldSeen | None, status: Status) -> None:
        """Draw `field`, or the last one where it is None, as `status` has it; returns when it is on the screen."""
        if field is not None or self._status is None or self._status.run_state is not status.run_state:
            self._field, self._status = field or self._field, status
            await self._draw()

    async def on_resize(self) -> None:
        await self._draw()

    async def _draw(self) -> None:
        """Only rows that changed are sent: a still field costs the line to the terminal nothing."""
        columns, rows = self.size
        if self._field is None or self._status is None or not columns or not rows:
            return
        scene = _scene(self._field, self._status)
        before, self._strips = self._strips, await to_thread(self._rendering.strips, scene, columns, rows, self.rich_style)
        if len(before) != len(self._strips):
            self.refresh()
        else:
            changed = (row for row in range(rows) if before[row] != self._strips[row])
            self.refresh(*(Region(0, row, columns, 1) for row in changed))

    def render_lines(self, crop: Region) -> list[Strip]:
        drawn = self._strips if self.screen.is_active and len(self._strips) == self.size.height else []
        blank = Strip.blank(self.size.width, self.rich_style)
        return [(drawn[row] if row < len(drawn) else blank).crop(crop.x, crop.right) for row in crop.line_range]


def _scene(field: FieldSeen, status: Status) -> Scene:
    return Scene(
        pixels=field.frame.pixels,
        cells=() if field.count is None else field.count.cells,
        stamp=SIMULATED if status.simulated or field.frame.simulated else None,
        veil=_VEILS.get(status.run_state),
    )
