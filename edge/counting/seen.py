"""What a network said of one field, on its way from one thread to another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from time import perf_counter

from edge.counting.cell import CellClass, ClassMaps, Method, Region
from edge.counting.field_count import Scale
from edge.counting.said_size import SaidSize
from engines.contract import Tensor
from engines.prepare import Prepared


class Clock:
    """Milliseconds by stage; a stage entered twice adds up, nested time counts for the inner one's name too."""

    def __init__(self) -> None:
        self.ms: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        start = perf_counter()
        try:
            yield
        finally:
            self.ms[name] = self.ms.get(name, 0.0) + 1000.0 * (perf_counter() - start)


@dataclass(frozen=True, slots=True, eq=False)
class Asked:
    """One field of `width_px` x `height_px`, as the model takes it."""

    prepared: Prepared
    width_px: int
    height_px: int
    clock: Clock


@dataclass(frozen=True, slots=True, eq=False)
class Inferred:
    """An engine's answer to a field at `scale`: logits, (1, channels, height, width), that no later run writes over."""

    asked: Asked
    scale: Scale
    logits: Tensor


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What the network says of one field: maps by class at the model's scale, `zoom` pixels of theirs a frame pixel, the red
    cell diameter in frame pixels, and how large it says itself that red cells are, where it does.

    `regions` are those already found in the maps, by class and method: none is looked for twice.
    """

    maps: Mapping[CellClass, ClassMaps]
    prepared: Prepared
    scale: Scale
    zoom: float
    um_per_px: float | None
    width_px: int
    height_px: int
    clock: Clock
    said: SaidSize | None = None
    regions: dict[tuple[CellClass, Method], list[Region]] = field(default_factory=dict)
