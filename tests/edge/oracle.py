"""The simulated slide with a network that is told the truth of the frame it sees."""

from __future__ import annotations

from collections.abc import Iterable
from math import pi, sqrt
from pathlib import Path

from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.counting.cells import CellClass
from edge.frame import Frame
from edge.smear.truth import TrueCell
from edge.storage.reader import StoreReader
from engines.contract import Tensor
from engines.opening import Opened
from tests.edge.drawn import MODEL_DIAMETER_PX, Disc, drawn_logits, opened

RED_CELL_UM = 7.5


class WatchedSlide(SimulatedSlide):
    """Remembers which frame it gave last."""

    last = -1

    def read(self, timeout_s: float) -> Frame:
        frame = super().read(timeout_s)
        self.last = frame.sequence
        return frame


def oracle(slide: WatchedSlide, um_per_px: float) -> Opened:
    """Draws the true cells of the frame in hand, each as the disc of its area."""

    def answer(tensor: Tensor) -> Tensor:
        discs = [_disc(cell) for cell in slide.truth(slide.last)]
        return drawn_logits(discs, tensor.shape, MODEL_DIAMETER_PX * um_per_px / RED_CELL_UM)

    return opened(answer)


def _disc(cell: TrueCell) -> Disc:
    return Disc(CellClass(cell.kind.value), cell.x, cell.y, _diameter_px(cell), (cell.seen_x, cell.seen_y))


def _diameter_px(cell: TrueCell) -> float:
    return 2.0 * sqrt(cell.area_px / pi)


def true_numbers(settings: SimulatedSlideSettings, sequences: Iterable[int]) -> dict[str, int]:
    """How many cells of each class really show in these frames, pieces of less than a tenth of a cell left out as in counting.

    Such a piece is a disc's cap less than 0.156 diameters high, whose centroid lies 0.06 diameters from the border.
    """
    numbers = {kind.value: 0 for kind in CellClass}
    with SimulatedSlide(settings) as slide:
        for sequence in sequences:
            for cell in slide.truth(sequence):
                x, y = cell.seen_x + 0.5, cell.seen_y + 0.5
                inside_px = min(x, y, settings.width_px - x, settings.height_px - y)
                numbers[cell.kind.value] += inside_px >= 0.062 * _diameter_px(cell)
    return numbers


def recorded(folder: Path) -> tuple[list[int], dict[str, int]]:
    """The sequence numbers of the fields that the last session counted, and the cells it holds by class."""
    with StoreReader(folder) as reader:
        session = reader.latest_session()
        fields = reader.session_fields(session.id)
        return [field.sequence for field in fields], dict(reader.session_totals(session.id).cells)
