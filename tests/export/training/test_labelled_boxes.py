from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from export.datasets.sample import Box
from export.training.labelled_boxes import from_boxes
from export.training.targets import CENTRE, OUTLINE, PLT, RBC, WBC, WBC_CENTRE, Patch
from tests.export.training.fields import drawn, grid, sample

CELLS = grid(4, 3, 130.0, 90.0)
NUCLEUS = (75.0, 420.0, 76.0)
PLATELET = (250.0, 440.0, 24.0)


def box(label: str, disc: tuple[float, float, float]) -> Box:
    x, y, diameter = disc
    half = diameter / 2
    return Box(label, round(x - half), round(y - half), round(x + half), round(y + half))


@pytest.fixture
def patch(tmp_path: Path) -> Patch:
    """Half of the red cells, the white cell and the platelet have a box."""
    pixels = drawn(CELLS, 480, 640, [NUCLEUS, PLATELET])
    boxes = (*(box("rbc", cell) for cell in CELLS[:6]), box("wbc", NUCLEUS), box("plt", PLATELET))
    return from_boxes(sample(tmp_path, pixels, boxes=boxes), 20.0)


def at(patch: Patch, disc: tuple[float, float, float]) -> tuple[int, int]:
    zoom = patch.pixels.shape[1] / 640
    return round(disc[1] * zoom), round(disc[0] * zoom)


def test_the_scale_is_that_of_the_boxed_red_cells(patch: Patch) -> None:
    assert patch.pixels.shape[1] == pytest.approx(640 * 20 / 90, abs=1)


def test_boxed_red_cells_have_centres(patch: Patch) -> None:
    for cell in CELLS[:6]:
        row, column = at(patch, cell)
        assert patch.targets[row, column, RBC] == 255
        assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, CENTRE].max() > 235
        assert patch.known[row, column, CENTRE] == 1
        assert patch.known[row, column, OUTLINE] == 0


def test_red_cells_without_a_box_are_foreground_with_an_unknown_centre(patch: Patch) -> None:
    for cell in CELLS[6:]:
        row, column = at(patch, cell)
        assert patch.targets[row, column, RBC] == 255
        assert patch.known[row, column, [RBC, OUTLINE, CENTRE]].tolist() == [1, 0, 0]
        assert patch.targets[row, column, CENTRE] == 0


def test_a_white_cell_is_white_and_surely_not_red(patch: Patch) -> None:
    row, column = at(patch, NUCLEUS)
    assert patch.targets[row, column, [RBC, OUTLINE, CENTRE, WBC, PLT]].tolist() == [0, 0, 0, 255, 0]
    assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, WBC_CENTRE].max() > 245
    assert patch.known[row, column].all()


def test_a_platelet_says_nothing_of_red_cells(patch: Patch) -> None:
    row, column = at(patch, PLATELET)
    assert patch.targets[row, column, PLT] == 255
    assert patch.known[row, column, [RBC, OUTLINE, CENTRE, PLT]].tolist() == [0, 0, 0, 1]


def test_glass_is_known_to_be_nothing(patch: Patch) -> None:
    row, column = at(patch, (600.0, 460.0, 0.0))
    assert patch.known[row, column].all()
    assert not patch.targets[row, column].any()


def test_without_three_boxes_the_corpus_diameter_is_taken(tmp_path: Path) -> None:
    pixels = drawn(CELLS, 480, 640)
    patch = from_boxes(sample(tmp_path, pixels, boxes=(box("rbc", CELLS[0]), Box("rbc", 50, 50, 50, 50))), 20.0)
    assert patch.pixels.shape[1] == round(640 * 20 / 95)
    assert np.isin(patch.known, (0, 1)).all()
