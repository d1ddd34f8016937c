"""A picture of true pixels by Kitty's graphics protocol (https://sw.kovidgoyal.net/kitty/graphics-protocol/).

The picture is tied to placeholder characters, so that a terminal clears it with the text. textual-image asks the terminal
whether it can; its widget is not used for it writes to stdout beside Textual's own writer, and encodes PNG on the screen's
loop: 60 ms for 640x480, where raw pixels deflated on a worker take 8.
"""

from __future__ import annotations

from base64 import standard_b64encode
from collections.abc import Iterator
from itertools import cycle
from zlib import compress

from rich.segment import ControlType, Segment
from rich.style import Style
from textual.strip import Strip

from edge.frame import Pixels
from edge.tui.pictures.drawing import fit
from edge.tui.pictures.labels import draw_labelled
from edge.tui.pictures.scene import Scene
from edge.tui.pictures.size import CellSize

_PLACEHOLDER = "\U0010eeee"
# The protocol's combining marks for the numbers 0, 1, 2, …: which row a placeholder shows.
_ROWS = (
    "\u0305\u030d\u030e\u0310\u0312\u033d\u033e\u033f\u0346\u034a\u034b\u034c\u0350\u0351\u0352\u0357\u035b\u0363\u0364\u0365"
    "\u0366\u0367\u0368\u0369\u036a\u036b\u036c\u036d\u036e\u036f\u0483\u0484\u0485\u0486\u0487\u0592\u0593\u0594\u0595\u0597"
    "\u0598\u0599\u059c\u059d\u059e\u059f\u05a0\u05a1\u05a8\u05a9\u05ab\u05ac\u05af\u05c4\u0610\u0611\u0612\u0613\u0614\u0615"
    "\u0616\u0617\u0657\u0658\u0659\u065a\u065b\u065d\u065e\u06d6\u06d7\u06d8\u06d9\u06da\u06db\u06dc\u06df\u06e0\u06e1\u06e2"
)
_CHUNK = 4096
# Opaque to Rich and Textual, which count the columns of anything that is not a control code.
_CONTROL = [(ControlType.CURSOR_FORWARD, 0)]


class KittyPixels:
    """Draws with the terminal's own pixels. Two pictures take turns, so that none is replaced while it is shown."""

    def __init__(self, cell: CellSize) -> None:
        self._cell = cell
        # Any two colours of the 256: the placeholders name their picture by their foreground colour.
        self._numbers = cycle((201, 202))

    def strips(self, scene: Scene, columns: int, rows: int, ground: Style) -> list[Strip]:
        pixels = scene.pixels
        width, height = fit(pixels.shape[1], pixels.shape[0], columns, min(rows, len(_ROWS)), self._cell.aspect)
        raster = draw_labelled(scene, *self._cell.raster_px(width, height))
        number = next(self._numbers)
        above, left = (rows - height) // 2, (columns - width) // 2
        blank = Strip.blank(columns, ground)
        strips = [blank] * above
        for row in range(height):
            sent = "".join(_transmission(raster, number, width, height)) if row == 0 else ""
            mark = f"{_PLACEHOLDER}{_ROWS[row]}"
            shown = f"\x1b[38;5;{number}m{mark}{_ROWS[0]}{_PLACEHOLDER * (width - 1)}\x1b[39m"
            edges = Segment(" " * left, ground), Segment(" " * (columns - left - width), ground)
            strips.append(Strip([edges[0], Segment(sent + shown, None, _CONTROL), edges[1]], columns))
        return strips + [blank] * (rows - height - above)


def _transmission(raster: Pixels, number: int, columns: int, rows: int) -> Iterator[str]:
    """The escape sequences that send `raster` and tie it to the placeholders of colour `number`."""
    payload = standard_b64encode(compress(raster.tobytes(), 1)).decode("ascii")
    chunks = [payload[start : start + _CHUNK] for start in range(0, len(payload), _CHUNK)]
    keys = f"a=T,U=1,q=2,f=24,o=z,i={number},s={raster.shape[1]},v={raster.shape[0]},c={columns},r={rows},"
    for at, chunk in enumerate(chunks):
        more = int(at < len(chunks) - 1)
        yield f"\x1b_G{keys if at == 0 else 'q=2,'}m={more};{chunk}\x1b\\"
