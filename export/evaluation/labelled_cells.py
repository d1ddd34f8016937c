"""What the labels say of each cell of a field: where it is and how large."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from edge.counting.cell import CellClass
from edge.smear.cells import Kind
from edge.smear.truth import TrueCell
from export.datasets.box_sizes import boxed_diameter_px
from export.datasets.chula import USUAL_DIAMETER_PX
from export.datasets.sample import Box, Sample
from export.metrics.matching import Labelled

CLASSES = {Kind.RBC: CellClass.RBC, Kind.WBC: CellClass.WBC, Kind.PLT: CellClass.PLT}
PIECE = 0.1
"""As in ALL-IDB1 a piece of a rendered cell counts, at the border too, if it shows at least this share of the cell's area."""


@dataclass(frozen=True, slots=True, eq=False)
class LabelledCells:
    """The labelled cells of a field by class, a class without labels absent, and the median red cell's diameter in pixels."""

    by_class: Mapping[CellClass, Labelled]
    diameter_px: float


def labelled_cells(sample: Sample) -> LabelledCells | None:
    """The cells of a field whose every cell has a box or, of red cells, a point; None of another."""
    if not sample.complete:
        return None
    if not sample.boxes:
        sizes = np.full((len(sample.points), 2), USUAL_DIAMETER_PX)
        return LabelledCells({CellClass.RBC: Labelled(sample.points.astype(np.float64), sizes)}, USUAL_DIAMETER_PX)
    diameter_px = boxed_diameter_px(sample)
    if diameter_px is None:
        return None
    by_class = {kind: _boxed([box for box in sample.boxes if box.label == kind.value]) for kind in CellClass}
    return LabelledCells(by_class, diameter_px)


def rendered_cells(cells: tuple[TrueCell, ...], diameter_px: float) -> LabelledCells:
    """The cells of a rendered field that show."""
    pieces = [cell for cell in cells if cell.seen_px >= PIECE * cell.area_px]
    by_class = {}
    for kind, name in CLASSES.items():
        mine = [cell for cell in pieces if cell.kind is kind]
        middle = [(cell.seen_x, cell.seen_y) if cell.border else (cell.x, cell.y) for cell in mine]
        extent = [np.ptp(cell.outline, axis=0) for cell in mine]
        by_class[name] = Labelled(np.array(middle, float).reshape(-1, 2), np.array(extent, float).reshape(-1, 2))
    return LabelledCells(by_class, diameter_px)


def _boxed(boxes: list[Box]) -> Labelled:
    corners = np.array([(box.left, box.top, box.right, box.bottom) for box in boxes], float).reshape(-1, 4)
    return Labelled((corners[:, :2] + corners[:, 2:]) / 2.0 - 0.5, corners[:, 2:] - corners[:, :2])
