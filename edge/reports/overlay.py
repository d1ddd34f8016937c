"""A field's picture with its counted cells drawn on it."""

from __future__ import annotations

import cv2
import numpy as np

from edge.counting.cell import Cell, CellClass
from edge.counting.field_count import FieldCount
from edge.frame import Pixels

COLOURS: dict[CellClass, tuple[int, int, int]] = {
    CellClass.RBC: (230, 159, 0),
    CellClass.WBC: (0, 114, 178),
    CellClass.PLT: (0, 158, 115),
}
"""Okabe and Ito's palette, which the colour-blind can tell apart; letters say it again."""
LETTERS = {CellClass.RBC: "R", CellClass.WBC: "W", CellClass.PLT: "P"}
_FONT = cv2.FONT_HERSHEY_SIMPLEX


def draw_overlay(pixels: Pixels, count: FieldCount, um_per_px: float | None, *, simulated: bool) -> Pixels:
    """`pixels` with every counted cell's outline and number, a legend with the totals and, if calibrated, a scale bar.

    Small frames are drawn at twice or three times their size, so that the numbers can be read. A simulated frame says so.
    """
    zoom = max(1, round(28.0 / count.scale.cell_diameter_px * 1.6)) if count.scale.cell_diameter_px < 40 else 1
    canvas: Pixels = np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    diameter_px = count.scale.cell_diameter_px * zoom
    line = max(1, round(diameter_px / 32.0))
    numbers = dict.fromkeys(CellClass, 0)
    for cell in count.cells:
        numbers[cell.cell_class] += 1
        _draw_cell(canvas, cell, numbers[cell.cell_class], zoom, diameter_px, line)
    return _with_legend(canvas, count, um_per_px, zoom, simulated=simulated)


def _draw_cell(canvas: Pixels, cell: Cell, number: int, zoom: int, diameter_px: float, line: int) -> None:
    colour = COLOURS[cell.cell_class]
    outline = np.round((cell.outline + 0.5) * zoom - 0.5).astype(np.int32)
    cv2.polylines(canvas, [outline], True, (255, 255, 255), line + 1, cv2.LINE_AA)
    cv2.polylines(canvas, [outline], True, colour, line, cv2.LINE_AA)
    text = f"{number}" if cell.cell_class is CellClass.RBC else f"{LETTERS[cell.cell_class]}{number}"
    size = float(np.clip(diameter_px / 95.0, 0.28, 1.2))
    (width, height), _ = cv2.getTextSize(text, _FONT, size, 1)
    at = (round((cell.x + 0.5) * zoom - width / 2), round((cell.y + 0.5) * zoom + height / 2))
    cv2.putText(canvas, text, at, _FONT, size, (255, 255, 255), max(2, line + 1), cv2.LINE_AA)
    cv2.putText(canvas, text, at, _FONT, size, (20, 20, 20), 1, cv2.LINE_AA)


def _with_legend(canvas: Pixels, count: FieldCount, um_per_px: float | None, zoom: int, *, simulated: bool) -> Pixels:
    """A white strip below the picture, so that the legend hides no cell."""
    width = canvas.shape[1]
    size = float(np.clip(width / 1400.0, 0.45, 1.4))
    row = round(34 * size)
    strip = np.full((3 * row, width, 3), 255, np.uint8)
    x = row // 2
    for kind, number in count.counts.items():
        cv2.circle(strip, (x + row // 4, row * 2 // 3), row // 4, COLOURS[kind], -1, cv2.LINE_AA)
        text = f"{LETTERS[kind]}  {kind.plural}: {number}"
        cv2.putText(strip, text, (x + row, row * 5 // 6), _FONT, size * 0.8, (20, 20, 20), 1, cv2.LINE_AA)
        x += row * 2 + cv2.getTextSize(text, _FONT, size * 0.8, 1)[0][0]
    size_px = f"red cell diameter {count.scale.cell_diameter_px:.1f} px ({count.scale.source.value})"
    cv2.putText(
        strip,
        f"{size_px}, border rule {count.border_rule.value}",
        (row // 2, row * 17 // 9),
        _FONT,
        size * 0.65,
        (60, 60, 60),
        1,
        cv2.LINE_AA,
    )
    notice = "SIMULATED, no patient. " if simulated else ""
    cv2.putText(strip, notice + "For research; not a diagnostic device.", (row // 2, row * 25 // 9), _FONT, size * 0.65,
                (180, 0, 0) if simulated else (60, 60, 60), 1, cv2.LINE_AA)  # fmt: skip
    if um_per_px is not None:
        _draw_scale_bar(strip, um_per_px / zoom, row)
    return np.vstack([canvas, strip])


def _draw_scale_bar(strip: Pixels, um_per_px: float, row: int) -> None:
    """10 µm where they are visible, else 50."""
    length_um = 10 if 10 / um_per_px > 30 else 50
    length_px = round(length_um / um_per_px)
    right = strip.shape[1] - row // 2
    cv2.line(strip, (right - length_px, row * 2), (right, row * 2), (20, 20, 20), max(2, row // 8))
    cv2.putText(
        strip, f"{length_um} um", (right - length_px, row * 2 - row // 3), _FONT, row / 55.0, (20, 20, 20), 1, cv2.LINE_AA
    )
