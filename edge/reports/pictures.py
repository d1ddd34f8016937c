"""A field's picture for a report: small enough to mail, its cells drawn over it by shape and letter as well as colour."""

from __future__ import annotations

import base64
import logging
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from markupsafe import Markup, escape

from edge.frame import Pixels
from edge.record.store.records import CellRecord, FieldRecord

WIDEST_PX = 900
JPEG_QUALITY = 80
# Colours that stay apart for the colour-blind (Okabe and Ito 2008); the dashes and letters tell the classes without them.
STYLES = {
    "rbc": ("R", "#56b4e9", ""),
    "wbc": ("W", "#f0e442", "7 3"),
    "plt": ("P", "#00e0a0", "2 2"),
}
BAR_STEPS_UM = (1, 2, 5, 10, 20, 50, 100, 200)
log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Picture:
    """`data_uri` is a JPEG of at most WIDEST_PX, `overlay` an SVG of the same shape to lay over it."""

    data_uri: str
    overlay: Markup
    width_px: int
    height_px: int


def field_picture(folder: Path, field: FieldRecord, cells: Sequence[CellRecord]) -> Picture | None:
    """The field's picture; None where there is none to show."""
    pixels = read_picture(folder, field)
    if pixels is None:
        return None
    height_px, width_px = pixels.shape[:2]
    shrink = min(1.0, WIDEST_PX / width_px)
    size = (max(1, round(width_px * shrink)), max(1, round(height_px * shrink)))
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA) if shrink < 1 else pixels
    jpeg = cv2.imencode(".jpg", small[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])[1]
    data_uri = "data:image/jpeg;base64," + base64.b64encode(jpeg.tobytes()).decode("ascii")
    return Picture(data_uri, overlay(field, cells), *size)


def read_picture(folder: Path, field: FieldRecord) -> Pixels | None:
    """The field's picture, (height, width, 3) uint8 RGB; None where none was kept, it was dropped to make room, or cannot be
    read (which is logged)."""
    if field.image is None or field.image_dropped is not None:
        return None
    path = folder / field.image
    try:
        encoded = np.frombuffer(path.read_bytes(), np.uint8)
    except OSError as error:
        log.warning("picture %s cannot be read: %s; the report goes without it", path, error.strerror)
        return None
    try:
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    except cv2.error as error:  # a header that says more pixels than OpenCV takes
        log.warning("picture %s cannot be read: %s; the report goes without it", path, error.err)
        return None
    if pixels is None:
        log.warning("picture %s is damaged; the report goes without it", path)
        return None
    return np.ascontiguousarray(pixels[..., ::-1])


def overlay(field: FieldRecord, cells: Sequence[CellRecord]) -> Markup:
    """Outlines in the field's own pixels; white cells and platelets carry their letter, red cells a dot at the centre."""
    line_px = max(1.0, field.width_px / 320)
    letter_px = field.width_px / 32
    parts = [_cell(cell, line_px, letter_px) for cell in cells]
    if field.um_per_px is not None:
        parts.append(_scale_bar(field.width_px, field.height_px, field.um_per_px))
    box = f"0 0 {field.width_px} {field.height_px}"
    return Markup(f'<svg class="overlay" aria-hidden="true" viewBox="{box}">{"".join(parts)}</svg>')


def _cell(cell: CellRecord, line_px: float, letter_px: float) -> str:
    letter, colour, dashes = STYLES.get(cell.cell_class, ("?", "#ffffff", ""))
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in cell.outline.tolist())
    dashed = f' stroke-dasharray="{" ".join(f"{float(dash) * line_px:.1f}" for dash in dashes.split())}"' if dashes else ""
    shape = f'<polygon points="{points}" stroke="#000" stroke-opacity=".5" stroke-width="{line_px * 1.6:.1f}"/>'
    shape += f'<polygon points="{points}" stroke="{colour}" stroke-width="{line_px:.1f}"{dashed}/>'
    if cell.cell_class == "rbc":
        return f'{shape}<circle cx="{cell.x:.1f}" cy="{cell.y:.1f}" r="{line_px:.1f}" fill="{colour}"/>'
    x, y = cell.x, cell.y + letter_px * 0.35
    if cell.cell_class == "plt":  # a letter over a platelet would hide it
        y = cell.y - cell.diameter_px / 2 - letter_px * 0.2
        y = y if y > letter_px else cell.y + cell.diameter_px / 2 + letter_px
    return f'{shape}<text x="{x:.1f}" y="{y:.1f}" font-size="{letter_px:.1f}" fill="{colour}">{escape(letter)}</text>'


def _scale_bar(width_px: int, height_px: int, um_per_px: float) -> str:
    """The longest of the round lengths that takes at most a quarter of the width."""
    fitting = [step for step in BAR_STEPS_UM if step / um_per_px <= width_px / 4]
    if not fitting:
        return ""
    length_px, size_px = fitting[-1] / um_per_px, width_px / 40
    x, y = width_px - size_px - length_px, height_px - size_px * 1.2
    box = (
        f'x="{x - size_px / 2:.1f}" y="{y - size_px * 1.5:.1f}" width="{length_px + size_px:.1f}" height="{size_px * 2.3:.1f}"'
    )
    at = f'x="{x + length_px / 2:.1f}" y="{y - size_px / 4:.1f}" font-size="{size_px:.1f}"'
    return (
        f'<rect {box} fill="#fff" fill-opacity=".85"/>'
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{length_px:.1f}" height="{size_px / 4:.1f}" fill="#000"/>'
        f'<text class="bar" {at}>{fitting[-1]} µm</text>'
    )
