"""The simulated slide with a network that is told the truth of the frame it sees."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from math import pi, sqrt
from pathlib import Path

import numpy as np

from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.counting.cell import CellClass
from edge.frame import Frame
from edge.record.store.reader import StoreReader
from edge.smear.truth import TrueCell
from engines.contract import EngineError, Tensor
from engines.opening import Opened
from engines.prepare import prepare
from tests.edge.drawn import MODEL_DIAMETER_PX, Disc, drawn_logits, manifest, opened

RED_CELL_UM = 7.5


class WatchedSlide(SimulatedSlide):
    """Remembers the frames it gave last: while one is inferred the next are read already."""

    def __init__(self, settings: SimulatedSlideSettings | None = None) -> None:
        super().__init__(settings or SimulatedSlideSettings())
        self.given: deque[Frame] = deque(maxlen=16)

    def read(self) -> Frame:
        frame = super().read()
        self.given.append(frame)
        return frame


def oracle(slide: WatchedSlide, um_per_px: float) -> Opened:
    """Draws the true cells of the frame that it is shown, each as the disc of its area. It knows the frame by its pixels."""
    preparation = manifest().preparing()

    def sequence_of(tensor: Tensor) -> int:
        for frame in reversed(tuple(slide.given)):
            if np.array_equal(prepare(frame.pixels, RED_CELL_UM / um_per_px, preparation).tensor, tensor):
                return frame.sequence
        raise AssertionError("the network was shown what the slide never gave")

    def answer(tensor: Tensor) -> Tensor:
        discs = [_disc(cell) for cell in slide.truth(sequence_of(tensor))]
        return drawn_logits(discs, tensor.shape, MODEL_DIAMETER_PX * um_per_px / RED_CELL_UM)

    return opened(answer)


class OneEngine:
    """Gives this engine and no other, as a supply of engines (edge.loop.inference.EngineSupply)."""

    def __init__(self, only: Opened) -> None:
        self._only = only

    def first(self) -> Opened:
        return self._only

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        raise failed

    def proven(self) -> None:
        pass

    def close(self) -> None:
        pass


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
