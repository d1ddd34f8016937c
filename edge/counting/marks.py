"""What speaks against a field's count: it stands, and a person is asked to look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from math import log

from edge.counting.cell import CellClass, ClassMaps
from edge.counting.familiarity import Familiarity, features_of
from edge.counting.said_size import SaidSize
from engines.prepare import Prepared

SIZES_SPREAD = 0.45
"""Interquartile range over median of the sizes that a field's red cells have: in no labelled field of `val` is it as large."""
OFF_SCALE = 0.15
"""A scale that the cells contradict by more than this share: one that was given (beyond 30 % it is refused) or one that no look
could settle."""
CLIPPED = 0.05
"""In no real frame at hand (1,400) is a pixel in a thousand clipped; from half of the frame on the gate refuses it."""
MOST_WHITE = 3
WHITE_TO_RED = 1.0
"""More than MOST_WHITE white cells, and more of them than this for each red cell, are hardly blood on a smear."""


class Reason(str, Enum):
    """Why a count is marked."""

    METHODS = "methods apart"
    UNFAMILIAR = "unfamiliar picture"
    SIZES = "sizes implausible"
    SCALE = "scale contradicted"
    WHITE = "white cells implausible"
    EMPTY = "no red cells"
    OVEREXPOSED = "overexposed"


@dataclass(frozen=True, slots=True)
class Mark:
    """A reason with what was seen, in words for the person who looks."""

    reason: Reason
    text: str


def marks_of(
    maps: Mapping[CellClass, ClassMaps], counts: Mapping[CellClass, int], prepared: Prepared, said: SaidSize | None,
    familiarity: Familiarity | None,
) -> Iterator[Mark]:  # fmt: skip
    """What speaks against `counts`, read from `maps` of a `prepared` field; `said` is how large its red cells are beside the
    scale that it was prepared at."""
    red, white = counts.get(CellClass.RBC, 0), counts.get(CellClass.WBC, 0)
    if CellClass.RBC in counts and red == 0:
        yield Mark(Reason.EMPTY, "no red cell was found: empty glass, or nothing that the model knows")
    if prepared.clipped > CLIPPED:
        yield Mark(Reason.OVEREXPOSED, f"{prepared.clipped:.0%} of the picture are clipped and pale cells lost: expose it less")
    if said is not None and said.spread > SIZES_SPREAD:
        yield Mark(Reason.SIZES, f"the middle half of the red cells differ by {said.spread:.0%} in diameter")
    if said is not None and abs(log(said.ratio)) > log(1.0 + OFF_SCALE):
        compared = "larger" if said.ratio > 1.0 else "smaller"
        yield Mark(
            Reason.SCALE, f"the red cells are {abs(said.ratio - 1.0):.0%} {compared} than the scale that it was counted at"
        )
    if white > MOST_WHITE and white > WHITE_TO_RED * red:
        yield Mark(Reason.WHITE, f"{white} white cells beside {red} red ones")
    if familiarity is not None and red:
        features = features_of(prepared.tensor, maps, prepared.margin_px)
        if features is not None and (distance := familiarity.distance(features)) > familiarity.limit:
            what = familiarity.strangest(features)
            yield Mark(
                Reason.UNFAMILIAR,
                f"unlike what the model learnt from ({distance:.1f}, {what}; usual up to {familiarity.limit:.1f})",
            )
