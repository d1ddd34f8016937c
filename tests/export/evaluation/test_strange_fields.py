# what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")
pytest.importorskip("skimage", reason="the photographs are scikit-image's: pip install hemocam[export]")

from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from export.evaluate import Question
from export.evaluation.labelled_cells import LabelledCells
from export.evaluation.strange_fields import doubt_row, strange
from export.metrics.matching import Labelled
from tests.edge.drawn import drawn_logits, knowing, opened
from tests.edge.fields import DIAMETER_PX, SHAPE, discs_of, pixels_of


def question() -> Question:
    centres = np.array([(disc.x, disc.y) for disc in discs_of(1)])
    cells = LabelledCells({CellClass.RBC: Labelled(centres, np.full(centres.shape, DIAMETER_PX))}, DIAMETER_PX)
    return Question("drawn", "test", "one", lambda: pixels_of(1), {}, cells=cells)


def test_every_kind_has_pictures_and_the_field_is_spoiled_in_its_own_way() -> None:
    kinds = {kind: list(pictures) for kind, pictures in strange([question()])}
    assert all(pictures for pictures in kinds.values())
    for pictures in kinds.values():
        assert all(pixels.dtype == np.uint8 and pixels.shape[2] == 3 for pixels, _ in pictures)
    plain = pixels_of(1)
    ((blurred, _),) = kinds["defocused"]
    assert np.abs(np.diff(blurred.astype(int), axis=1)).max() < np.abs(np.diff(plain.astype(int), axis=1)).max() / 2
    assert [plan.cell_diameter_px for _, plan in kinds["given twice the scale"]] == [2 * DIAMETER_PX]
    assert [plan.cell_diameter_px for _, plan in kinds["given half the scale"]] == [DIAMETER_PX / 2]
    assert kinds["overexposed"][0][0].mean() > plain.mean()
    assert kinds["unstained"][0][0].std() < plain.std() / 3


def test_a_row_tells_refused_marked_and_silent_apart() -> None:
    model = opened(knowing(discs_of(1), SHAPE[1]))
    blind = opened(lambda tensor: drawn_logits([], tensor.shape, 1.0))

    def row(model: object, pixels: np.ndarray) -> tuple[int, int, int]:
        found = doubt_row(
            "a", [(pixels, CountingSettings(cell_diameter_px=DIAMETER_PX))],
            lambda plan: FieldCounter(model.engine, model.manifest, plan),  # type: ignore[attr-defined]
            lambda pixels, _: bool(pixels.mean() > 20),
        )  # fmt: skip
        assert found.fields == 1
        return found.refused, found.marked, found.silent

    assert row(model, pixels_of(1)) == (0, 0, 1)
    assert row(blind, pixels_of(1)) == (0, 1, 0), "no red cell was found"
    assert row(model, np.zeros_like(pixels_of(1))) == (1, 0, 0), "the gate refuses it"
