"""Small rendered fields whose cells are known, and what the program says of one, for the tests of the loop and its faces."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from edge.counting.cell import Cell, CellClass, Method
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.frame import Frame, Pixels
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason
from edge.session.events import Ledger, RunState, Status
from edge.session.origin import SessionOrigin
from edge.slide.totals import SlideTotals
from tests.edge.counting.rendered import frame_of, scattered
from tests.edge.drawn import SHA256, Disc, red

SHAPE = (240, 320)
DIAMETER_PX = 20.0
QUALITY = Quality(focus=6.5, brightness=0.8, contrast=0.2, saturated=0.0)
ACCEPTED = Accepted(QUALITY)
DARK = Rejected(QUALITY, RejectionReason.BLACK, "Switch the lamp on.")
CARD = SessionOrigin("microscope", False, "drawn", SHA256, "fake", specimen="S-17")


@lru_cache(maxsize=32)
def discs_of(spot: int) -> tuple[Disc, ...]:
    """The red cells of one field; every spot has others, and another number of them."""
    return tuple(red(scattered(spot, 25 + spot % 7, SHAPE, DIAMETER_PX, 1.25), DIAMETER_PX))


@lru_cache(maxsize=32)
def pixels_of(spot: int, noise: int = 0) -> Pixels:
    return frame_of([(disc.x, disc.y) for disc in discs_of(spot)], SHAPE, DIAMETER_PX, seed=1000 * spot + noise)


def cell(kind: CellClass = CellClass.RBC, x: float = 30.0, y: float = 40.0, diameter_px: float = 20.0) -> Cell:
    turn = np.linspace(0.0, 2.0 * np.pi, 24, endpoint=False)
    outline = np.stack([x + diameter_px / 2 * np.cos(turn), y + diameter_px / 2 * np.sin(turn)], axis=1).astype(np.float32)
    return Cell(kind, x, y, np.pi / 4 * diameter_px**2, outline, 0.9, False)


def count_of(cells: tuple[Cell, ...], diameter_px: float = DIAMETER_PX) -> FieldCount:
    methods = dict.fromkeys(CellClass, Method.CENTRES)
    by_method = {kind: {Method.CENTRES: sum(one.cell_class is kind for one in cells)} for kind in CellClass}
    scale = Scale(diameter_px, 0.05, ScaleSource.ESTIMATED)
    return FieldCount(cells, SHAPE[1], SHAPE[0], scale, BorderRule.ALL, methods, by_method, {"infer": 12.0})


def frame_at(spot: int, sequence: int = 0, *, simulated: bool = False) -> Frame:
    return Frame(pixels_of(spot), sequence, "scripted", simulated=simulated)


STREAMING = Status(
    "20261120-115302-k3f9", RunState.STREAMING, "microscope", False, "drawn", "fake",
    SlideTotals("slide 1", 2, {CellClass.RBC: 61}), Ledger(3, counted=2, rejected=1),
    dict.fromkeys(CellClass, Method.CENTRES), True,
)  # fmt: skip
