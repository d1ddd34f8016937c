"""A cell cut out of its field for a classifier. Device, training and evaluation cut with this alone."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from engines.prepare import Pixels, Preparation, white_balance

_BALANCE = Preparation(cell_diameter_px=1.0)


@dataclass(frozen=True, slots=True)
class Cropping:
    """How a cell is shown: a square of `side_px` that is `diameters` red cell diameters of the field wide, whatever the cell's
    own size, so that small and large cells are told apart. `masked`: what lies outside of the cell's outline is black."""

    side_px: int
    diameters: float
    masked: bool = False


@dataclass(frozen=True, slots=True)
class View:
    """How training shows a crop otherwise than the device does: shifted (in red cell diameters), enlarged, turned (radians),
    mirrored."""

    shift: tuple[float, float] = (0.0, 0.0)
    zoom: float = 1.0
    turn: float = 0.0
    mirror: bool = False


STRAIGHT = View()


def balanced(pixels: Pixels) -> Pixels:
    """A field, (height, width, 3) uint8 RGB, with its empty glass white, as crops are cut from."""
    return white_balance(pixels, _BALANCE)


def crop(
    field: Pixels, x: float, y: float, cell_diameter_px: float, cropping: Cropping,
    outline: NDArray[np.float32] | None = None, view: View = STRAIGHT,
) -> Pixels:  # fmt: skip
    """The cell at `x`, `y` of a balanced `field` whose red cells have `cell_diameter_px`: (side, side, 3) uint8 RGB.

    What reaches over the field's border is mirrored. `outline` is (points, 2) x, y in the field, used where crops are masked.
    """
    side_px = cropping.side_px
    zoom = view.zoom * side_px / (cropping.diameters * cell_diameter_px)
    turned = zoom * np.array([[np.cos(view.turn), -np.sin(view.turn)], [np.sin(view.turn), np.cos(view.turn)]])
    if view.mirror:
        turned = turned @ np.diag([-1.0, 1.0])
    middle = np.array([x, y]) + np.array(view.shift) * cell_diameter_px
    warp = np.column_stack([turned, (side_px - 1) / 2.0 - turned @ middle]).astype(np.float32)
    part, warp = _part(field, warp, side_px, zoom)
    # A warp looks at four pixels: what shrinks is blurred first, or it would alias.
    if zoom < 1.0:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.4 * np.sqrt(1.0 / zoom**2 - 1.0) + 1e-3), np.uint8)
    size = (side_px, side_px)
    cut = np.asarray(cv2.warpAffine(part, warp, size, flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT_101), np.uint8)
    if cropping.masked and outline is not None:
        inside = np.zeros(size, np.uint8)
        points = outline @ turned.T + ((side_px - 1) / 2.0 - turned @ middle)
        cv2.fillPoly(inside, [np.round(points).astype(np.int32)], 1)
        cut = cut * inside[..., None]
    return cut


def _part(field: Pixels, warp: NDArray[np.float32], side_px: int, zoom: float) -> tuple[Pixels, NDArray[np.float32]]:
    """What of the field the crop shows, and the warp from there: a whole field need not be blurred for one cell. What lies
    beyond the border is mirrored from what lies as far inside, which the crop shows too: the cell's middle is inside."""
    back = cv2.invertAffineTransform(warp)
    corners = np.array([[0, 0], [side_px, 0], [0, side_px], [side_px, side_px]], np.float32) @ back[:, :2].T + back[:, 2]
    reach, size = 2.0 + 3.0 / zoom, np.array(field.shape[1::-1])
    left, top = np.clip(np.floor(corners.min(axis=0) - reach), 0, size - 1).astype(int)
    right, bottom = np.clip(np.ceil(corners.max(axis=0) + reach), 1, size).astype(int)
    moved = warp.copy()
    moved[:, 2] += warp[:, :2] @ np.array([left, top], np.float32)
    return np.ascontiguousarray(field[top:bottom, left:right]), moved
