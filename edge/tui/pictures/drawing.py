"""A field drawn small: the frame resized, the outlines of its cells over it."""

from __future__ import annotations

from math import floor
from statistics import median

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import Cell, CellClass
from edge.counting.signs import SIGNS
from edge.frame import Pixels
from edge.tui.pictures.scene import Scene

# An outline around fewer raster pixels than this hides the cell it is around; a dot at the centre does not.
_SMALLEST_OUTLINED_PX = 5.0
_SUBPIXEL_BITS = 4
# Outlines one pixel wide are coarse on a raster of half blocks: they are drawn on one this much finer, and averaged.
_FINER = 3
_FINE_ENOUGH_PX = 400
_VEILED = 0.45


def fit(width_px: int, height_px: int, columns: int, rows: int, cell_aspect: float = 2.0) -> tuple[int, int]:
    """The largest area in character cells with the shape of a picture; a cell is `cell_aspect` times as high as wide."""
    scale = min(columns / width_px, rows * cell_aspect / height_px)
    return max(1, min(columns, round(width_px * scale))), max(1, min(rows, round(height_px * scale / cell_aspect)))


def shrink(pixels: Pixels, width_px: int, height_px: int) -> Pixels:
    """A copy of `pixels` in the given size. Of a 5 Mpx field three samples a side make each pixel: 11 ms come down to 3."""
    step = max(1, min(pixels.shape[1] // width_px, pixels.shape[0] // height_px) // 3)
    resized = cv2.resize(np.ascontiguousarray(pixels[::step, ::step]), (width_px, height_px), interpolation=cv2.INTER_AREA)
    return np.array(resized, dtype=np.uint8)


def draw(scene: Scene, width_px: int, height_px: int) -> Pixels:
    """The scene as (height_px, width_px, 3) uint8 RGB, outlines in the colours of their classes; a veiled one is dim."""
    raster = shrink(scene.pixels, width_px, height_px)
    finer = 1 if width_px >= _FINE_ENOUGH_PX else _FINER
    if finer > 1:
        raster = np.repeat(np.repeat(raster, finer, axis=0), finer, axis=1)
    scale = _scale(scene, raster.shape[1], raster.shape[0])
    for kind in CellClass:
        cells = [cell for cell in scene.cells if cell.cell_class is kind]
        _draw_class(raster, cells, scale, finer)
    if finer > 1:
        raster = shrink(raster, width_px, height_px)
    return (raster * _VEILED).astype(np.uint8) if scene.veil is not None else raster


def _draw_class(raster: Pixels, cells: list[Cell], scale: NDArray[np.float64], finer: int) -> None:
    """Outlines, or dots `finer` raster pixels wide for a class whose cells are too small for them; red cells, the many, thinly.

    A class is marked in one way: two marks for cells of one size would look like two kinds.
    """
    if not cells:
        return
    rgb = SIGNS[cells[0].cell_class].ink_rgb
    thickness = 1 if cells[0].cell_class is CellClass.RBC else 2
    smallest_px = _SMALLEST_OUTLINED_PX * finer / float(scale.mean())
    if median(cell.diameter_px for cell in cells) >= smallest_px:
        lines = [_fixed_point(cell.outline, scale) for cell in cells]
        cv2.polylines(raster, lines, True, rgb, thickness, cv2.LINE_AA, _SUBPIXEL_BITS)
        return
    for cell in cells:
        x, y = _inside(cell, scale, raster.shape[1], raster.shape[0])
        x, y = x - x % finer, y - y % finer
        raster[y : y + finer, x : x + finer] = rgb


def _fixed_point(outline: NDArray[np.float32], scale: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pixel centres lie at integers in both grids, hence the halves."""
    return np.round(((outline + 0.5) * scale - 0.5) * (1 << _SUBPIXEL_BITS)).astype(np.int32)


def _scale(scene: Scene, width: int, height: int) -> NDArray[np.float64]:
    return np.array([width / scene.pixels.shape[1], height / scene.pixels.shape[0]])


def _inside(cell: Cell, scale: NDArray[np.float64], width: int, height: int) -> tuple[int, int]:
    x, y = floor((cell.x + 0.5) * scale[0]), floor((cell.y + 0.5) * scale[1])
    return min(max(x, 0), width - 1), min(max(y, 0), height - 1)


def letters(scene: Scene, columns: int, rows: int, kinds: tuple[CellClass, ...]) -> dict[tuple[int, int], CellClass]:
    """The cells' centres as (row, column) of a grid of character cells; where two meet, the rarer class stays."""
    scale = _scale(scene, columns, rows)
    placed: dict[tuple[int, int], CellClass] = {}
    for kind in kinds:
        for cell in scene.cells:
            if cell.cell_class is kind:
                x, y = _inside(cell, scale, columns, rows)
                placed[y, x] = kind
    return placed


def words(scene: Scene, columns: int, rows: int) -> dict[tuple[int, int], str]:
    """The scene's stamp (first row to the left, last row to the right) and veil (middle), a character by (row, column)."""
    placed: dict[tuple[int, int], str] = {}
    for text, row, place in ((scene.stamp, 0, 0.0), (scene.stamp, rows - 1, 1.0), (scene.veil, rows // 2, 0.5)):
        if text is not None:
            padded = f" {text} "[:columns]
            left = floor((columns - len(padded)) * place)
            placed.update({(row, left + at): character for at, character in enumerate(padded)})
    return placed
