"""The area of a slide already counted: a field seen again on a hand-moved stage is known by its picture."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from edge.frame import Pixels
from edge.slide.candidates import Candidates
from edge.slide.shift import shared, shift_of, still
from edge.slide.thumbnail import Field, Small, Thumbnail, ViewUnreadable, decoded, encoded, field_of, flattened, thumbnail

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Overlap:
    """`fraction` of a frame's area (0..1) lies in fields added before; `field` is the number (from 0, in the order of
    adding) of the one that covers most of it, None where none does."""

    fraction: float
    field: int | None


NOTHING = Overlap(0.0, None)
SURELY_KNOWN = 0.9
"""A field that is covered by so much is known, whatever other fields share with it. Any less, and all are looked at: a cell
counted twice is worse than the 0.25 ms a field that it costs, once for each new place."""


class Coverage:
    """The fields of one slide, each kept as a thumbnail and its spectrum (240 kB together).

    Only shifts are recognised, as a stage makes them: not rotation, nor another objective. A frame of another size in
    pixels than a field is never compared with it. A frame with nothing in view overlaps nothing. When `most_fields` are
    kept the oldest is forgotten, and the log says so once. While the stage rests the last answer holds.
    """

    def __init__(self, most_fields: int = 400) -> None:
        self._most_fields = most_fields
        self._fields: list[Field] = []
        self._added = 0
        self._forgot = False
        self._candidates = Candidates()
        self._asked: tuple[Field, Overlap] | None = None

    def overlap(self, pixels: Pixels) -> Overlap:
        """How much of (height, width, 3) uint8 RGB lies in fields added before."""
        flat, frame_size = flattened(thumbnail(pixels)), pixels.shape[:2]
        if not self._fields:
            return NOTHING
        if self._asked is not None and self._rests_on(flat, frame_size):
            return self._asked[1]
        seen = field_of(flat, frame_size, -1)
        if seen is None:
            return NOTHING
        overlap = self._search(seen)
        self._asked = seen, overlap
        return overlap

    def still(self, pixels: Pixels) -> bool:
        """Whether (height, width, 3) uint8 RGB shows the very place of the last `overlap`."""
        return self._rests_on(flattened(thumbnail(pixels)), pixels.shape[:2])

    def _rests_on(self, flat: Thumbnail, frame_size: tuple[int, ...]) -> bool:
        return self._asked is not None and self._asked[0].frame_size == frame_size and still(self._asked[0], flat)

    def _search(self, seen: Field) -> Overlap:
        height_px, width_px = seen.thumbnail.shape
        covered = np.zeros((height_px, width_px), np.bool_)
        best: tuple[int, int | None] = (0, None)
        alike = [field for field in self._fields if field.frame_size == seen.frame_size]
        for field in self._candidates.first(alike, seen):
            if covered.mean() >= SURELY_KNOWN:
                break
            shift = shift_of(field, seen)
            if shift is None:
                continue
            rows, columns = shared(-shift.dy_px, height_px), shared(-shift.dx_px, width_px)
            covered[rows, columns] = True
            best = max(best, (covered[rows, columns].size, field.number), key=lambda pair: pair[0])
        return Overlap(float(covered.mean()), best[1])

    def add(self, pixels: Pixels) -> int:
        """Remember a counted field, (height, width, 3) uint8 RGB; gives its number. One with nothing in view takes a number
        only."""
        return self._add(thumbnail(pixels), pixels.shape[:2])

    def remove(self, number: int) -> None:
        """Forget one field, that was not recorded after all; its number is not given again. One that is forgotten already, or
        has nothing in view, is no error."""
        self._fields = [field for field in self._fields if field.number != number]
        self._asked = None

    def view(self, pixels: Pixels) -> bytes:
        """What `restore` needs to know (height, width, 3) uint8 RGB again: a PNG of some 15 kB."""
        return encoded(thumbnail(pixels), pixels.shape[:2])

    def restore(self, views: Iterable[bytes]) -> list[int]:
        """Remember the fields of an earlier run by their `view`; gives their numbers. One that cannot be read takes a number
        only, and the log says so."""
        numbers = []
        for view in views:
            try:
                numbers.append(self._add(*decoded(view)))
            except ViewUnreadable as error:
                logger.warning("field %d of the slide will not be recognised: %s", self._added, error)
                numbers.append(self._added)
                self._added += 1
        return numbers

    def clear(self) -> None:
        """Forget all fields, for a new slide."""
        self._fields.clear()
        self._asked = None
        self._added = 0
        self._forgot = False

    def _add(self, small: Small, frame_size: tuple[int, int]) -> int:
        number = self._added
        self._added += 1
        self._asked = None
        field = field_of(flattened(small), frame_size, number)
        if field is None:
            return number
        if len(self._fields) == self._most_fields:
            if not self._forgot:
                logger.warning("more than %d fields on one slide: the oldest are no longer recognised", self._most_fields)
                self._forgot = True
            del self._fields[0]
        self._fields.append(field)
        return number
