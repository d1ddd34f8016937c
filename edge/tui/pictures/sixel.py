"""A picture of true pixels by DEC's Sixel, which foot, WezTerm, Konsole, xterm and others draw."""

from __future__ import annotations

from PIL import Image
from rich.console import Console
from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip
from textual_image.renderable import SixelImage

from edge.tui.pictures.drawing import fit
from edge.tui.pictures.labels import draw_labelled
from edge.tui.pictures.scene import Scene
from edge.tui.pictures.size import CellSize

_CONTROL = [(ControlType.CURSOR_FORWARD, 0)]


class SixelPixels:
    """Draws with Sixel, which has no scaling: the raster has the area's own pixels.

    The rows are blank, and the last one goes back up and draws over them all; they are redrawn together or not at all.
    """

    def __init__(self, cell: CellSize) -> None:
        self._cell = cell
        self._console = Console(color_system=None, force_terminal=True)

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        width, height = fit(scene.pixels.shape[1], scene.pixels.shape[0], columns, rows, self._cell.aspect)
        raster = draw_labelled(scene, *self._cell.area_px(width, height))
        options = self._console.options.update_dimensions(width, height)
        drawn = self._console.render(SixelImage(Image.fromarray(raster), width, height), options)
        picture = next(segment.text for segment in drawn if segment.text.startswith("\x1bP"))
        above, left = (rows - height) // 2, (columns - width) // 2
        up = f"\x1b[{rows - 1 - above}A" if rows - 1 > above else ""
        across = f"\x1b[{left}C" if left else ""
        # Saved before the blanks … and restored, so that Textual's cursor is where it thinks.
        back = f"\x1b7{up}{across}{picture}\x1b8"
        last = Segment(f"\x1b[{columns}D" + back + f"\x1b[{columns}C", None, _CONTROL)
        return [Strip.blank(columns, ground)] * (rows - 1) + [Strip([Segment(" " * columns, ground), last], columns)]
