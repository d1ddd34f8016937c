from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from engines.cell_size import ratio_of
from export.datasets.sample import Box
from export.training.labelled_boxes import from_boxes
from export.training.targets import CENTRE, OUTLINE, PLT, PLT_CENTRE, RBC, SIZE, WBC, WBC_CENTRE, Patch
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
    """Every cell has a box."""
    pixels = drawn(CELLS, 480, 640, [NUCLEUS, PLATELET])
    boxes = (*(box("rbc", cell) for cell in CELLS), box("wbc", NUCLEUS), box("plt", PLATELET))
    return from_boxes(sample(tmp_path, pixels, boxes=boxes), 20.0)


def at(patch: Patch, disc: tuple[float, float, float]) -> tuple[int, int]:
    zoom = patch.pixels.shape[1] / 640
    return round(disc[1] * zoom), round(disc[0] * zoom)


def test_the_scale_is_that_of_the_boxed_red_cells(patch: Patch) -> None:
    assert patch.pixels.shape[1] == pytest.approx(640 * 20 / 90, abs=1)


def test_red_cells_have_foreground_centre_outline_and_size(patch: Patch) -> None:
    for cell in CELLS:
        row, column = at(patch, cell)
        assert patch.targets[row, column, RBC] == 255
        assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, CENTRE].max() > 235
        assert patch.targets[row - 12 : row + 13, column - 12 : column + 13, OUTLINE].any()
        assert patch.known[row, column, [RBC, CENTRE, SIZE]].all()
        said = np.array([patch.targets[row, column, SIZE] / 255.0], np.float32)
        assert float(ratio_of(said)[0]) == pytest.approx(1.0, rel=0.02)


def test_of_an_overlap_both_cells_are_whole_and_the_outline_inside_is_unknown(tmp_path: Path) -> None:
    pair = ((300.0, 200.0, 90.0), (350.0, 200.0, 90.0))
    boxes = (*(box("rbc", cell) for cell in (*CELLS[:2], *pair)),)
    patch = from_boxes(sample(tmp_path, drawn(pair, 480, 640), boxes=boxes), 20.0)
    for cell in pair:
        row, column = at(patch, cell)
        assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, CENTRE].max() > 235
    row, column = at(patch, (325.0, 200.0, 0.0))
    assert patch.known[row, column, OUTLINE] == 0
    assert patch.targets[row, column, RBC] == 255


def test_a_cell_that_the_border_cuts_is_completed_outwards_and_centred_where_it_shows(tmp_path: Path) -> None:
    """Of a cell cut in half the box is half as wide: its ellipse must not be."""
    boxes = (*(box("rbc", cell) for cell in CELLS), Box("rbc", 0, 195, 45, 285))
    patch = from_boxes(sample(tmp_path, drawn(CELLS, 480, 640), boxes=boxes), 20.0)
    row, column = at(patch, (2.0, 240.0, 0.0))
    assert patch.targets[row, column, RBC] == 255
    corner, _ = at(patch, (2.0, 199.0, 0.0))
    assert patch.targets[corner + 1, 0, RBC] == 255, "it is widest at the border"
    blob = patch.targets[row - 4 : row + 5, :10, CENTRE]
    assert 2 <= int(np.unravel_index(blob.argmax(), blob.shape)[1]) <= 6
    assert not patch.known[row, 2, SIZE], "nobody knows how large it is"


def test_a_white_cell_is_white_and_surely_not_red(patch: Patch) -> None:
    row, column = at(patch, NUCLEUS)
    assert patch.targets[row, column, [RBC, OUTLINE, CENTRE, WBC, PLT]].tolist() == [0, 0, 0, 255, 0]
    assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, WBC_CENTRE].max() > 245
    assert patch.known[row, column, :SIZE].all()


def test_a_platelet_has_a_centre_and_is_no_red_cell(patch: Patch) -> None:
    row, column = at(patch, PLATELET)
    assert patch.targets[row, column, [PLT, RBC]].tolist() == [255, 0]
    assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, PLT_CENTRE].max() > 200
    assert patch.known[row, column, [RBC, OUTLINE, CENTRE, PLT]].all()


def test_glass_is_known_to_be_nothing(patch: Patch) -> None:
    row, column = at(patch, (600.0, 460.0, 0.0))
    assert patch.known[row, column, :SIZE].all()
    assert not patch.targets[row, column].any()


def test_without_a_whole_red_cell_the_corpus_diameter_is_taken(tmp_path: Path) -> None:
    pixels = drawn(CELLS, 480, 640)
    patch = from_boxes(sample(tmp_path, pixels, boxes=(Box("rbc", 0, 0, 40, 40), Box("wbc", 50, 50, 50, 50))), 20.0)
    assert patch.pixels.shape[1] == round(640 * 20 / 95)
    assert np.isin(patch.known, (0, 1)).all()
