"""A scene's words and letters written into a raster of true pixels."""

from __future__ import annotations

import cv2

from edge.counting.cell import CellClass
from edge.counting.signs import SIGNS
from edge.frame import Pixels
from edge.tui.pictures.drawing import draw
from edge.tui.pictures.scene import Scene

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_YELLOW = (240, 228, 66)
_BLACK = (0, 0, 0)


def draw_labelled(scene: Scene, width_px: int, height_px: int) -> Pixels:
    """As `draw`, with the letters of white cells and platelets, the stamp in two corners and the veil in the middle."""
    raster = draw(scene, width_px, height_px)
    scale_x, scale_y = width_px / scene.pixels.shape[1], height_px / scene.pixels.shape[0]
    for cell in scene.cells:
        if cell.cell_class is not CellClass.RBC:
            sign = SIGNS[cell.cell_class]
            place = int(cell.x * scale_x) - 5, int(cell.y * scale_y) + 5
            cv2.putText(raster, sign.letter, place, _FONT, 0.5, _BLACK, 3, cv2.LINE_AA)
            cv2.putText(raster, sign.letter, place, _FONT, 0.5, sign.rgb, 1, cv2.LINE_AA)
    size = width_px / 600
    for text, left, top in ((scene.stamp, 0.0, 0.0), (scene.stamp, 1.0, 1.0), (scene.veil, 0.5, 0.5)):
        if text is not None:
            _write(raster, text, left, top, size)
    return raster


def _write(raster: Pixels, text: str, left: float, top: float, size: float) -> None:
    """`text` in black on yellow; `left` and `top` are shares of the room that it leaves, 0..1."""
    (width, height), _ = cv2.getTextSize(text, _FONT, size, 2)
    margin = max(3, height // 2)
    x = round((raster.shape[1] - width - 2 * margin) * left)
    y = round((raster.shape[0] - height - 2 * margin) * top)
    cv2.rectangle(raster, (x, y), (x + width + 2 * margin, y + height + 2 * margin), _YELLOW, cv2.FILLED)
    cv2.putText(raster, text, (x + margin, y + margin + height), _FONT, size, _BLACK, 2, cv2.LINE_AA)
