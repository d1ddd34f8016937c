"""A field's picture with its counted cells drawn on it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import cv2
import numpy as np

from edge.cells.differential import UNSURE, short
from edge.counting.cell import Cell, CellClass
from edge.counting.field_count import FieldCount
from edge.counting.frame_scale import RED_CELL_UM
from edge.counting.signs import SIGNS
from edge.frame import Pixels

_FONT = cv2.FONT_HERSHEY_SIMPLEX
_INK, _SOFT, _ALARM = (20, 20, 20), (60, 60, 60), (180, 0, 0)
NARROWEST_PX = 400
"""A narrower picture is drawn larger, so that its legend can be read."""
PLACES = ((0.0, 0.0), (0.0, -0.34), (0.0, 0.34), (-0.3, 0.0), (0.3, 0.0))
"""Where a cell's number may stand, in diameters from its centre, the best first."""
BAR_LENGTHS_UM = (1, 2, 5, 10, 20, 50, 100)

Box = tuple[float, float, float, float]


def draw_overlay(pixels: Pixels, count: FieldCount, um_per_px: float | None, *, simulated: bool) -> Pixels:
    """`pixels` with every counted cell's outline and number, and below them the totals, a scale bar and how it was counted.

    Without `um_per_px` the bar takes a red cell as 7.5 µm, and says so. Small pictures and small cells are drawn larger, so
    that the numbers can be read; a number that has no room of its own beside the others is left out. A simulated frame says so.
    """
    diameter_px = count.scale.cell_diameter_px
    zoom = max(1, round(45.0 / diameter_px) if diameter_px < 40 else 1, -(-NARROWEST_PX // pixels.shape[1]))
    canvas: Pixels = np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    line = max(1, round(diameter_px * zoom / 40.0))
    for cell in count.cells:
        outline = np.round((cell.outline + 0.5) * zoom - 0.5).astype(np.int32)
        cv2.polylines(canvas, [outline], True, (255, 255, 255), line + 1, cv2.LINE_AA)
        cv2.polylines(canvas, [outline], True, SIGNS[cell.cell_class].ink_rgb, line, cv2.LINE_AA)
    _number_cells(canvas, count.cells, zoom, diameter_px * zoom, line)
    return np.vstack([canvas, _legend(canvas.shape[1], count, um_per_px, zoom, simulated=simulated)])


def _number_cells(canvas: Pixels, cells: Iterable[Cell], zoom: int, diameter_px: float, line: int) -> None:
    """Each cell's number within its class, and its type where it has one, at the first of PLACES where it covers no other;
    white cells and platelets first."""
    size = float(np.clip(diameter_px / 95.0, 0.28, 1.2))
    numbers = dict.fromkeys(CellClass, 0)
    texts: list[tuple[Cell, str]] = []
    for cell in cells:
        numbers[cell.cell_class] += 1
        letter = "" if cell.cell_class is CellClass.RBC else SIGNS[cell.cell_class].letter
        name = "" if cell.type is None else f" {short(cell.type.name or UNSURE)}"
        texts.append((cell, f"{letter}{numbers[cell.cell_class]}{name}"))
    taken: list[Box] = []
    for cell, text in sorted(texts, key=lambda pair: pair[0].cell_class is CellClass.RBC):
        (width, height), _ = cv2.getTextSize(text, _FONT, size, 1)
        for right, down in PLACES:
            x = (cell.x + 0.5) * zoom + right * diameter_px - width / 2
            y = (cell.y + 0.5) * zoom + down * diameter_px + height / 2
            x = float(np.clip(x, 2, max(2, canvas.shape[1] - width - 2)))
            y = float(np.clip(y, height + 2, max(height + 2, canvas.shape[0] - 2)))
            box = (x - 1, y - height - 1, x + width + 1, y + 1)
            if not any(_overlap(box, other) for other in taken):
                taken.append(box)
                at = (round(x), round(y))
                # A thicker text of OpenCV is a wider one too, and would not lie below: a white rim of the same one does.
                rim = max(1, line // 2)
                for aside, below in ((-rim, 0), (rim, 0), (0, -rim), (0, rim)):
                    where = (at[0] + aside, at[1] + below)
                    cv2.putText(canvas, text, where, _FONT, size, (255, 255, 255), 1, cv2.LINE_AA)
                cv2.putText(canvas, text, at, _FONT, size, _INK, 1, cv2.LINE_AA)
                break


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


@dataclass(frozen=True, slots=True)
class _Item:
    """A piece of the legend that is not broken: text, after a dot of `dot` or a bar `bar_px` long."""

    text: str
    ink: tuple[int, int, int] = _SOFT
    dot: tuple[int, int, int] | None = None
    bar_px: int = 0


def _legend(width: int, count: FieldCount, um_per_px: float | None, zoom: int, *, simulated: bool) -> Pixels:
    """A white strip for below the picture, so that the legend hides no cell; as many rows as its pieces need."""
    scale = count.scale
    items = [
        _Item(f"{SIGNS[kind].letter}  {kind.plural}: {number}", _INK, dot=SIGNS[kind].ink_rgb)
        for kind, number in count.counts.items()
    ]
    known = um_per_px is not None
    um = (um_per_px if um_per_px is not None else RED_CELL_UM / scale.cell_diameter_px) / zoom
    fitting = [length for length in BAR_LENGTHS_UM if length / um <= width / 4]
    if fitting:
        assumed = "" if known else f" if a red cell has {RED_CELL_UM:g} um"
        items.append(_Item(f"{fitting[-1]} um{assumed}", _INK, bar_px=round(fitting[-1] / um)))
    items.append(_Item(f"red cell diameter {scale.cell_diameter_px:.1f} px ({scale.source.words.replace('µ', 'u')})"))
    items.append(_Item(f"border rule {count.border_rule.value}"))
    if simulated:
        items.append(_Item("SIMULATED, no patient", _ALARM))
    items.append(_Item("For research; not a diagnostic device."))
    size = float(np.clip(width / 1800.0, 0.4, 1.1))
    row = round(34 * size)
    strip = np.full((row * (len(items) + 1), width, 3), 255, np.uint8)
    x, y = row // 2, row
    for item in items:
        mark = row if item.dot else item.bar_px + row // 2 if item.bar_px else 0
        length = mark + cv2.getTextSize(item.text, _FONT, size, 1)[0][0]
        if x > row // 2 and x + length > width - row // 2:
            x, y = row // 2, y + row
        middle = y - round(9 * size)
        if item.dot:
            cv2.circle(strip, (x + row // 4, middle), row // 4, item.dot, -1, cv2.LINE_AA)
        if item.bar_px:
            cv2.line(strip, (x, middle), (x + item.bar_px, middle), _INK, max(2, row // 8))
        cv2.putText(strip, item.text, (x + mark, y), _FONT, size, item.ink, 1, cv2.LINE_AA)
        x += length + row
    return np.asarray(strip[: y + row // 2])
