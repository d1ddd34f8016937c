"""Gate, counter and coverage that know a field by its spot."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from edge.counting.cell import CellClass, Method
from edge.counting.counter import LOOKS
from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import FieldCount, Scale, ScaleSource
from edge.frame import Pixels
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason, Verdict
from edge.slide.coverage import Overlap
from engines.contract import InferenceFailed
from tests.edge.fields import cell, count_of

QUALITY = Quality(5.0, 0.8, 0.2, 0.0)
SCALE = Scale(20.0, 0.05, ScaleSource.ESTIMATED)


@dataclass(frozen=True)
class Shot:
    """A frame of `spot`. `fit` is the gate's word, `looks` how often its scale turns out wrong, `readable` whether the
    network's output can be read, `measurable` whether it has a scale at all, `focus` how sharp it is."""

    spot: int = 0
    fit: bool = True
    looks: int = 0
    readable: bool = True
    measurable: bool = True
    focus: int = 5

    def pixels(self) -> Pixels:
        code = (self.spot, self.fit, self.looks, self.readable, self.measurable, self.focus)
        return np.repeat(np.array(code, np.uint8), 8).reshape(4, 4, 3)


def shot_of(pixels: Pixels) -> Shot:
    spot, fit, looks, readable, measurable, focus = (int(one) for one in pixels.reshape(-1)[::8])
    return Shot(spot, bool(fit), looks, bool(readable), bool(measurable), focus)


class PlayedCounter:
    """Stands for FieldCounter: one cell a spot."""

    def __init__(self) -> None:
        self.methods = dict.fromkeys(CellClass, Method.CENTRES)
        self._looks: dict[int, int] = {}

    def scale(self, pixels: Pixels, um_per_px: float | None) -> Scale:
        if not shot_of(pixels).measurable:
            raise ScaleUnknown("nothing to measure")
        return SCALE

    def prepared(self, pixels: Pixels, scale: Scale) -> Pixels:
        return pixels

    def read(self, inferred: tuple[int, Shot, Scale], um_per_px: float | None, look: int) -> Any:
        token, shot, _ = inferred
        if not shot.readable:
            raise InferenceFailed("the network's output is not finite")
        looked = self._looks.get(token, 0)
        if looked < shot.looks and look < LOOKS:
            self._looks[token] = looked + 1
            return Scale(30.0 + looked, 0.0, ScaleSource.MEASURED)
        return shot

    def counted(self, seen: Shot) -> FieldCount:
        return count_of((cell(),))

    def next_method(self, kind: CellClass) -> Method:
        return Method.CENTRES


class PlayedCoverage:
    """Stands for Coverage: a field is known by its spot."""

    def __init__(self) -> None:
        self.fields: dict[int, int] = {}
        self._added = 0
        self._asked: int | None = None

    def still(self, pixels: Pixels) -> bool:
        return shot_of(pixels).spot == self._asked

    def overlap(self, pixels: Pixels) -> Overlap:
        self._asked = spot = shot_of(pixels).spot
        numbers = [number for number, known in self.fields.items() if known == spot]
        return Overlap(1.0, numbers[0]) if numbers else Overlap(0.0, None)

    def add(self, pixels: Pixels) -> int:
        number, self._added = self._added, self._added + 1
        self.fields[number] = shot_of(pixels).spot
        return number

    def remove(self, number: int) -> None:
        del self.fields[number]

    def view(self, pixels: Pixels) -> bytes:
        return bytes([shot_of(pixels).spot])

    def restore(self, views: Sequence[bytes]) -> list[int]:
        numbers = []
        for view in views:
            numbers.append(self._added)
            self.fields[self._added] = view[0]
            self._added += 1
        return numbers

    def clear(self) -> None:
        self.fields.clear()
        self._added = 0


class PlayedGate:
    def judge(self, pixels: Pixels, cell_diameter_px: float | None) -> Verdict:
        shot = shot_of(pixels)
        if not shot.fit:
            return Rejected(QUALITY, RejectionReason.DEFOCUSED, "turn the fine focus")
        return Accepted(replace(QUALITY, focus=float(shot.focus)))
