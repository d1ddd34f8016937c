"""Where one picture of a slide lies in another."""

from __future__ import annotations

from dataclasses import dataclass
from math import atanh, sqrt

import cv2
import numpy as np

from edge.slide.thumbnail import MIN_TEXTURE, Field, Thumbnail, deviation

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
# Pictures of one place correlate by 0.95 or more; moved by one pixel of a thumbnail, three of a frame, by 0.9.
STILL = 0.93


@dataclass(frozen=True, slots=True)
class Shift:
    """Where one picture lies in another: what is at (x, y) in it is at (x + dx_px, y + dy_px) there, in thumbnail pixels."""

    dx_px: int
    dy_px: int
    correlation: float


def shift_of(field: Field, seen: Field) -> Shift | None:
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


def still(field: Field, flat: Thumbnail) -> bool:
    """Whether a flattened thumbnail shows the very place of `field`, for all that a thumbnail can tell."""
    found = _compared(field, flat, field.sample_area_px, 0, 0) if flat.shape == field.thumbnail.shape else None
    return found is not None and found.correlation >= STILL


def _verified(field: Field, seen: Field, dx_px: int, dy_px: int) -> Shift | None:
    return _compared(field, seen.thumbnail, max(field.sample_area_px, seen.sample_area_px), dx_px, dy_px)


def _compared(field: Field, flat: Thumbnail, sample_area_px: float, dx_px: int, dy_px: int) -> Shift | None:
    rows, columns = shared(dy_px, field.thumbnail.shape[0]), shared(dx_px, field.thumbnail.shape[1])
    there = field.thumbnail[rows, columns]
    here = flat[shared(-dy_px, flat.shape[0]), shared(-dx_px, flat.shape[1])]
    if min(deviation(there), deviation(here)) < MIN_TEXTURE:
        return None
    there, here = there - there.mean(), here - here.mean()
    product = np.asarray(cv2.multiply(there, here), np.float32)
    correlation = cv2.sumElems(product)[0] / max(1e-12, cv2.norm(there) * cv2.norm(here))
    if correlation < MIN_CORRELATION:
        return None
    pieces = _pieces(product, PIECE_LENGTHS * sqrt(sample_area_px))
    significance = atanh(min(correlation, 0.9999)) * sqrt(max(0.0, pieces - 2.0))
    return Shift(dx_px, dy_px, correlation) if significance >= MIN_SIGNIFICANCE else None


def _pieces(product: Thumbnail, length_px: float) -> float:
    """How many squares of a side of `length_px` carry the correlation: (sum p)^2 / sum p^2, their participation ratio."""
    side_px = max(4, round(length_px))
    sums = cv2.boxFilter(product, -1, (side_px, side_px), normalize=False, borderType=cv2.BORDER_CONSTANT)
    parts = np.asarray(sums)[side_px // 2 :: side_px, side_px // 2 :: side_px]
    return float(parts.sum()) ** 2 / max(1e-12, float(np.square(parts).sum()))


def shared(shift_px: int, length_px: int) -> slice:
    return slice(max(0, shift_px), length_px + min(0, shift_px))
