"""What a slide sums up to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from edge.counting.cell import CellClass


@dataclass(frozen=True, slots=True)
class SlideTotals:
    """What the store holds of one slide: committed fields, their cells by class, and the white cells that a classifier looked
    at by their types."""

    slide: str
    fields: int = 0
    cells: Mapping[CellClass, int] = field(default_factory=dict)
    types: Mapping[str, int] = field(default_factory=dict)
