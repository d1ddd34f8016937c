"""The red cell diameter, from the image alone."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import Scale, ScaleSource
from edge.counting.masks import Mask
from edge.counting.rim_votes import Agreement, commonest_radius
from edge.counting.stain import Pixels, stained, without_pallor

Floats = NDArray[np.float64]

VIEW_PX = (640, 480)
MEASURE_PX = 34.0
"""Cells are measured at this diameter or larger where the frame has the pixels: half a pixel of rim is then 3 %."""
VOTES_BIAS = 1.05
"""Rims at half resolution and blurred vote 5 % too small (ALL-IDB1 train)."""
SURE_SCORE = 0.07
SINGLE_SOLIDITY = 0.91
SINGLE_ASPECT = 1.5
NEAR_GUESS = (0.65, 1.45)
LEAST_SINGLES = 4
NUCLEUS_AREA_SHARE = 0.08
UNSURE_SPREAD = 0.25
"""Spread that is told where only the votes of clumps are known: nine in ten of such fields are closer (CBC train)."""

_ADVICE = "give the size of a red cell in pixels with --cell-diameter-px, or calibrate the objective"


@dataclass(frozen=True, slots=True, eq=False)
class _View:
    """The stain of one part of the frame; `factor` is view pixels a frame pixel."""

    cells: Mask
    nuclei: Mask
    factor: float


def estimate_cell_diameter(pixels: Pixels) -> Scale:
    """The red cell diameter in (H, W, 3) uint8 RGB `pixels`, for cells of 15 to 200 px, in dense and sparse fields.

    The rims' votes give a first guess, clumps or not; the median diameter of whole, solid, round pieces near it, white
    cells left out, is the answer. Raises ScaleUnknown where there is nothing to measure, ValueError for other arrays.
    """
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:
        raise ValueError(f"pixels must be (height, width, 3) uint8, not {pixels.shape} {pixels.dtype}")
    if min(pixels.shape[:2]) < 48:
        raise ScaleUnknown(
            f"a frame of {pixels.shape[1]} x {pixels.shape[0]} pixels is too small to measure cells in; {_ADVICE}"
        )
    whole_factor = min(1.0, VIEW_PX[0] / max(pixels.shape[:2]))
    guesses = [_guess(pixels, whole_factor)]
    if whole_factor < 0.6:  # cells of 15 px would have fewer than 9 in the whole view
        guesses.append(_guess(pixels, 1.0))
    known = [guess for guess in guesses if guess is not None]
    if not known:
        raise ScaleUnknown(f"no cells stand out from the background, so the red cell diameter cannot be measured; {_ADVICE}")
    view, votes = max(known, key=lambda guess: guess[1].score)
    rough_px = VOTES_BIAS * 2.0 * votes.radius_px / view.factor
    finer = min(1.0, MEASURE_PX / rough_px)
    if finer > 1.2 * view.factor:
        view = _view(pixels, finer) or view
    near = _near(_singles(view), rough_px * view.factor)
    if len(near) >= LEAST_SINGLES:
        low, middle, high = np.quantile(near, (0.25, 0.5, 0.75)).tolist()
        return Scale(middle / view.factor, (high - low) / middle, ScaleSource.ESTIMATED)
    if votes.score < SURE_SCORE:
        raise ScaleUnknown(f"no cell lies whole and apart, and the clumps have no size in common; {_ADVICE}")
    return Scale(rough_px, UNSURE_SPREAD, ScaleSource.ESTIMATED)


def _guess(pixels: Pixels, factor: float) -> tuple[_View, Agreement] | None:
    view = _view(pixels, factor)
    if view is None:
        return None
    around_nuclei = cv2.dilate(view.nuclei, np.ones((7, 7), dtype=np.uint8))
    votes = commonest_radius(without_pallor(view.cells), np.asarray(around_nuclei, dtype=np.uint8))
    return None if votes is None else (view, votes)


def _view(pixels: Pixels, factor: float) -> _View | None:
    """The stain of the frame's middle at `factor`, as much of it as VIEW_PX holds; None where it is blank."""
    height, width = pixels.shape[:2]
    across = VIEW_PX if width >= height else VIEW_PX[::-1]
    wide, tall = min(width, round(across[0] / factor)), min(height, round(across[1] / factor))
    left, top = (width - wide) // 2, (height - tall) // 2
    part = pixels[top : top + tall, left : left + wide]
    if factor < 1.0:
        part = np.asarray(cv2.resize(part, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA), dtype=np.uint8)
    masks = stained(part)
    return None if masks is None else _View(*masks, factor)


def _singles(view: _View) -> Floats:
    """Diameters in view pixels, (n,), of the pieces that are solid, round, whole and without nucleus; debris included."""
    height, width = view.cells.shape
    contours, _ = cv2.findContours(view.cells, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    diameters: list[float] = []
    for contour in contours:
        left, top, wide, tall = cv2.boundingRect(contour)
        cut = left <= 0 or top <= 0 or left + wide >= width or top + tall >= height
        if cut or len(contour) < 14:
            continue
        rim_px = len(contour) / 2.0 + 1.0  # the contour runs through pixel centres: half of each lies outside (Pick 1899)
        area_px = cv2.contourArea(contour) + rim_px
        if area_px < SINGLE_SOLIDITY * (cv2.contourArea(cv2.convexHull(contour)) + rim_px):
            continue
        _, (a, b), _ = cv2.minAreaRect(contour)
        if max(a, b) + 1.0 > SINGLE_ASPECT * (min(a, b) + 1.0):
            continue
        if cv2.countNonZero(view.nuclei[top : top + tall, left : left + wide]) > NUCLEUS_AREA_SHARE * area_px:
            continue
        diameters.append(2.0 * sqrt(area_px / pi))
    return np.array(diameters, dtype=np.float64)


def _near(diameters: Floats, guess_px: float) -> Floats:
    """Those near the guess, then near their own median: a guess a fifth off would cut the distribution on one side."""
    for _ in range(2):
        near = diameters[(diameters > NEAR_GUESS[0] * guess_px) & (diameters < NEAR_GUESS[1] * guess_px)]
        if len(near) < LEAST_SINGLES:
            break
        guess_px = float(np.median(near))
    return near
