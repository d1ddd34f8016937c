"""The area of a slide already counted: a field seen again on a hand-moved stage is known by its picture."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from math import atanh, sqrt
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.frame import Pixels

logger = logging.getLogger(__name__)

THUMBNAIL_WIDTH_PX = 192
# Light that varies over more than about a cell is flattened away; below, sharp and slightly blurred views are made alike.
FLATTENING_PX = 12.0
SMOOTHING_PX = 0.8
# Standard deviation of a flattened thumbnail under which there is nothing to know a field by: a field without cells and
# 8 levels of noise has 0.004, the emptiest of 90 fields 0.03.
MIN_TEXTURE = 0.012
# Overlaps of less area than this are not looked for: they hold too few cells to be told from chance.
MIN_OVERLAP = 0.06
# A peak of the phase correlation in units of its noise. Different fields have 4.0 in the median and 4.7 at the 95th
# percentile, which costs the check of the picture; fields that share 10 % of their area have 6 in the median.
MIN_PEAK = 4.3
PEAKS = 3
# Correlation of the pictures in the shared area: true overlaps have 0.9 (5th percentile, after change of exposure, blur and
# noise), the best false shift of different fields 0.5 at the 99.9th percentile.
MIN_CORRELATION = 0.7
# Fisher's z of that correlation over its standard deviation, for as many independent pieces as carry it (see `_pieces`):
# one cell laid on another correlates perfectly and proves nothing. Rendered fields of 3 or 8 cells that have nothing in
# common reach 3.0 at the 99th percentile, of one cell 3.5; true overlaps have 4-6 in the median.
MIN_SIGNIFICANCE = 3.5
# Side of such a piece, in lengths over which a picture's values hang together.
PIECE_LENGTHS = 1.2

Thumbnail = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Overlap:
    """`fraction` of a frame's area (0..1) lies in fields added before; `field` is the number (from 0, in the order of
    adding) of the one that covers most of it, None where none does."""

    fraction: float
    field: int | None


@dataclass(frozen=True, slots=True)
class Shift:
    """Where one picture lies in another: what is at (x, y) in it is at (x + dx_px, y + dy_px) there, in thumbnail pixels."""

    dx_px: int
    dy_px: int
    correlation: float


@dataclass(frozen=True, slots=True, eq=False)
class _Field:
    number: int
    frame_size: tuple[int, int]
    thumbnail: Thumbnail
    spectrum: NDArray[Any]
    sample_area_px: float


class Coverage:
    """The fields of one slide, each kept as a thumbnail and its spectrum (200 kB together).

    Only shifts are recognised, as a stage makes them: not rotation, nor another objective. A frame of another size in
    pixels than a field is never compared with it. A frame with nothing in view overlaps nothing. When `most_fields` are
    kept the oldest is forgotten, and the log says so once.
    """

    def __init__(self, most_fields: int = 400) -> None:
        self._most_fields = most_fields
        self._fields: list[_Field] = []
        self._added = 0

    def overlap(self, pixels: Pixels) -> Overlap:
        """How much of (height, width, 3) uint8 RGB lies in fields added before."""
        seen = _field(pixels, -1)
        if seen is None:
            return Overlap(0.0, None)
        height_px, width_px = seen.thumbnail.shape
        covered = np.zeros((height_px, width_px), np.bool_)
        best: tuple[int, int | None] = (0, None)
        for field in self._fields:
            shift = _shift(field, seen) if field.frame_size == seen.frame_size else None
            if shift is None:
                continue
            rows, columns = _shared(-shift.dy_px, height_px), _shared(-shift.dx_px, width_px)
            covered[rows, columns] = True
            best = max(best, (covered[rows, columns].size, field.number), key=lambda pair: pair[0])
        return Overlap(float(covered.mean()), best[1])

    def add(self, pixels: Pixels) -> None:
        """Remember a counted field, (height, width, 3) uint8 RGB. One with nothing in view takes a number only."""
        field = _field(pixels, self._added)
        self._added += 1
        if field is None:
            return
        if len(self._fields) == self._most_fields:
            if self._fields[0].number == 0:
                logger.warning("more than %d fields on one slide: the oldest are no longer recognised", self._most_fields)
            del self._fields[0]
        self._fields.append(field)

    def clear(self) -> None:
        """Forget all fields, for a new slide."""
        self._fields.clear()
        self._added = 0


def _field(pixels: Pixels, number: int) -> _Field | None:
    """What is kept of a frame; None where it has too little texture to be recognised."""
    thumbnail = flattened(pixels)
    if float(thumbnail.std()) < MIN_TEXTURE:
        return None
    spectrum = np.fft.rfft2(thumbnail)
    power = np.abs(spectrum) ** 2
    # The autocorrelation's square summed is the area over which a picture's values hang together (Parseval; mirrored
    # columns of the half spectrum count twice).
    twice = np.full(power.shape[1], 2.0)
    twice[0] = 1.0
    sample_area_px = float(np.sum(power**2 * twice) * thumbnail.size / np.sum(power * twice) ** 2)
    return _Field(number, pixels.shape[:2], thumbnail, _whitened(spectrum, thumbnail), sample_area_px)


def flattened(pixels: Pixels) -> Thumbnail:
    """Green of (height, width, 3) uint8 RGB over its surroundings, less one: THUMBNAIL_WIDTH_PX wide, mean about 0."""
    size = (THUMBNAIL_WIDTH_PX, max(8, round(THUMBNAIL_WIDTH_PX * pixels.shape[0] / pixels.shape[1])))
    step = max(1, pixels.shape[1] // (4 * THUMBNAIL_WIDTH_PX))  # averaging every pixel of a large frame costs 6 ms
    green = np.ascontiguousarray(pixels[::step, ::step, 1])
    small = cv2.resize(green, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    surroundings = cv2.GaussianBlur(small, (0, 0), FLATTENING_PX)
    relative = cv2.GaussianBlur(small, (0, 0), SMOOTHING_PX) / np.maximum(surroundings, 1.0) - 1.0
    flat: Thumbnail = (relative - cv2.GaussianBlur(relative, (0, 0), FLATTENING_PX)).astype(np.float32)
    return flat


def _whitened(spectrum: NDArray[Any], thumbnail: Thumbnail) -> NDArray[Any]:
    """The spectrum of equal magnitudes, less those of the finest noise, normalised, packed as cv2.dft packs it.

    No window: the flattened picture has no steps at its border, and a Hann window hides the small overlaps, which all lie
    there (found of 22 at 10 % overlap: without 20, with a flank of 15 % 10).
    """
    y = np.fft.fftfreq(thumbnail.shape[0])[:, None]
    x = np.fft.rfftfreq(thumbnail.shape[1])[None, :]
    smoothing = np.exp(-2 * np.pi**2 * (x**2 + y**2))
    white = spectrum / np.maximum(np.abs(spectrum), 1e-9) * smoothing
    white[0, 0] = 0.0
    picture = np.fft.irfft2(white, s=thumbnail.shape).astype(np.float32)
    return np.asarray(cv2.dft(picture / float(np.linalg.norm(picture))))


def _shift(field: _Field, seen: _Field) -> Shift | None:
    """Where `seen` lies in `field`; None where they share no area that is certain.

    Phase correlation (Kuglin and Hines 1975) proposes shifts, each of which stands for four as it is cyclic; the
    correlation of the pictures in the area shared decides, as in stitching mosaics (Preibisch et al., Bioinformatics 2009).
    """
    product = cv2.mulSpectrums(field.spectrum, seen.spectrum, 0, conjB=True)
    surface = np.asarray(cv2.dft(product, flags=cv2.DFT_INVERSE | cv2.DFT_REAL_OUTPUT | cv2.DFT_SCALE))
    height_px, width_px = surface.shape
    least = MIN_PEAK * float(cv2.norm(surface)) / sqrt(surface.size)
    best: Shift | None = None
    for _ in range(PEAKS):
        _, peak, _, (x, y) = cv2.minMaxLoc(surface)
        if peak < least:
            break
        for dx_px in (x, x - width_px):
            for dy_px in (y, y - height_px):
                if (width_px - abs(dx_px)) * (height_px - abs(dy_px)) >= MIN_OVERLAP * surface.size:
                    found = _verified(field, seen, dx_px, dy_px)
                    if found is not None and (best is None or found.correlation > best.correlation):
                        best = found
        cv2.rectangle(surface, (x - 2, y - 2), (x + 2, y + 2), 0.0, -1)
    return best


def _verified(field: _Field, seen: _Field, dx_px: int, dy_px: int) -> Shift | None:
    rows, columns = _shared(dy_px, field.thumbnail.shape[0]), _shared(dx_px, field.thumbnail.shape[1])
    there = field.thumbnail[rows, columns]
    here = seen.thumbnail[_shared(-dy_px, seen.thumbnail.shape[0]), _shared(-dx_px, seen.thumbnail.shape[1])]
    if min(float(there.std()), float(here.std())) < MIN_TEXTURE:
        return None
    there, here = there - there.mean(), here - here.mean()
    product = there * here
    correlation = float(product.sum()) / max(1e-12, float(np.linalg.norm(there)) * float(np.linalg.norm(here)))
    if correlation < MIN_CORRELATION:
        return None
    pieces = _pieces(product, PIECE_LENGTHS * sqrt(max(field.sample_area_px, seen.sample_area_px)))
    significance = atanh(min(correlation, 0.9999)) * sqrt(max(0.0, pieces - 2.0))
    return Shift(dx_px, dy_px, correlation) if significance >= MIN_SIGNIFICANCE else None


def _pieces(product: Thumbnail, length_px: float) -> float:
    """How many squares of a side of `length_px` carry the correlation: (sum p)^2 / sum p^2, their participation ratio."""
    side_px = max(4, round(length_px))
    sums = cv2.boxFilter(product, -1, (side_px, side_px), normalize=False, borderType=cv2.BORDER_CONSTANT)
    parts = np.asarray(sums)[side_px // 2 :: side_px, side_px // 2 :: side_px]
    return float(parts.sum()) ** 2 / max(1e-12, float(np.square(parts).sum()))


def _shared(shift_px: int, length_px: int) -> slice:
    return slice(max(0, shift_px), length_px + min(0, shift_px))
