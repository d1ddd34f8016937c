from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="labelling needs scipy: pip install hemocam[export]")

from engines.cell_size import ratio_of
from export.training.foreground import foreground, red_diameter_px
from export.training.labelled_points import from_points
from export.training.targets import CENTRE, OUTLINE, PLT, RBC, SIZE, WBC, Patch
from tests.export.training.fields import drawn, grid, sample

CELLS = grid(5, 4, 60.0, 39.0)
FIELD = (260, 320)


def points(*xy: tuple[float, float]) -> np.ndarray:
    return np.array(xy, np.float32).reshape(-1, 2)


def labelled(folder: Path, discs: list[tuple[float, float, float]], at: np.ndarray, complete: bool) -> tuple[Patch, float]:
    """The patch at 20 px a cell, and its zoom."""
    patch = from_points(sample(folder, drawn(discs, *FIELD), points=at, complete=complete), 20.0)
    return patch, patch.pixels.shape[1] / FIELD[1]


def test_foreground_and_diameter() -> None:
    pixels = drawn(CELLS, *FIELD)
    mask = foreground(pixels, 39.0)
    assert np.mean(mask == (pixels[..., 1] < 170)) > 0.98
    assert red_diameter_px(pixels, 39.0) == pytest.approx(39.0, rel=0.06)
    assert red_diameter_px(drawn(CELLS[:3], *FIELD), 35.0) == 35.0, "three cells say less than the guess"


def test_complete_labels(tmp_path: Path) -> None:
    at = points(*((x + 6, y - 5) for x, y, _ in CELLS))
    patch, zoom = labelled(tmp_path, CELLS, at, True)
    assert zoom == pytest.approx(20 / 39, rel=0.07)
    for x, y, _ in CELLS:
        row, column = round(y * zoom), round(x * zoom)
        assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, CENTRE].max() >= 245, "centred in spite of the label"
        assert patch.targets[row, column, RBC] == 255
        assert not patch.targets[row, column, OUTLINE]
        assert patch.known[row, column, [RBC, OUTLINE, CENTRE, SIZE]].all()
        said = np.array([patch.targets[row, column, SIZE] / 255.0], np.float32)
        assert float(ratio_of(said)[0]) == pytest.approx(1.0, rel=0.08)
    assert patch.known[2, 2, :SIZE].all()
    assert not patch.targets[2, 2].any()


def test_a_cell_without_a_point_is_unknown(tmp_path: Path) -> None:
    discs = [*CELLS[:-1], (*CELLS[-1][:2], 30.0)]
    patch, zoom = labelled(tmp_path, discs, points(*((x, y) for x, y, _ in CELLS[:-1])), True)
    row, column = round(CELLS[-1][1] * zoom), round(CELLS[-1][0] * zoom)
    assert not patch.known[row, column].any()
    assert not patch.targets[row, column, CENTRE]


def test_a_speck_without_a_point_may_be_a_platelet_and_is_no_red_cell(tmp_path: Path) -> None:
    at = points(*((x, y) for x, y, _ in CELLS))
    patch, zoom = labelled(tmp_path, [*CELLS, (75.0, 75.0, 9.0)], at, True)
    row, column = round(75 * zoom), round(75 * zoom)
    assert patch.known[row, column, PLT] == 0
    assert patch.known[row, column, WBC] == 1
    assert patch.targets[row, column, RBC] == 0


def test_an_evident_cell_that_nobody_labelled_gets_a_centre_where_labels_are_not_complete(tmp_path: Path) -> None:
    patch, zoom = labelled(tmp_path, CELLS, points(*((x, y) for x, y, _ in CELLS[:8])), False)
    row, column = round(CELLS[-1][1] * zoom), round(CELLS[-1][0] * zoom)
    assert patch.known[row, column, CENTRE] == 1
    assert patch.targets[row - 1 : row + 2, column - 1 : column + 2, CENTRE].max() >= 245


def test_a_clump_with_fewer_points_than_cells_has_unknown_centres(tmp_path: Path) -> None:
    x, y, diameter = CELLS[7]
    discs = [*CELLS, (x + 25, y + 20, diameter), (x + 25, y - 20, diameter)]
    patch, zoom = labelled(tmp_path, discs, points(*((a, b) for a, b, _ in CELLS)), True)
    row, column = round(y * zoom), round(x * zoom)
    assert patch.known[row, column, [OUTLINE, CENTRE]].tolist() == [0, 0]
    assert patch.known[row, column, RBC] == 1


def test_a_clump_with_all_its_points_has_centres_and_unknown_outlines(tmp_path: Path) -> None:
    x, y, diameter = CELLS[7]
    discs = [*CELLS[:8], *CELLS[9:], (x + 32, y, diameter)]
    patch, zoom = labelled(tmp_path, discs, points(*((a, b) for a, b, _ in discs)), True)
    row, left, right = round(y * zoom), round(x * zoom), round((x + 32) * zoom)
    for column in (left, right):
        assert patch.known[row, column, CENTRE] == 1
        assert patch.targets[row - 3 : row + 4, column - 3 : column + 4, CENTRE].max() >= 240
    assert patch.known[row, (left + right) // 2, OUTLINE] == 0


def test_a_point_on_the_glass_makes_its_surroundings_unknown(tmp_path: Path) -> None:
    at = points(*((x, y) for x, y, _ in CELLS), (312.0, 200.0))
    patch, zoom = labelled(tmp_path, CELLS, at, True)
    row, column = round(200 * zoom), round(312 * zoom) - 2
    assert patch.known[row, column, [RBC, OUTLINE]].tolist() == [0, 0]
    assert patch.targets[row, column, CENTRE] > 100


def test_a_field_without_any_label_is_unknown_where_there_are_cells(tmp_path: Path) -> None:
    patch, zoom = labelled(tmp_path, CELLS, points(), False)
    row, column = round(CELLS[3][1] * zoom), round(CELLS[3][0] * zoom)
    assert not patch.known[row, column].any()
    assert patch.known[2, 2, :SIZE].all()
