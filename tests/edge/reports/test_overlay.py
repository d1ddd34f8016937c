"""A field's picture with its cells drawn on it."""

from __future__ import annotations

import numpy as np
import pytest

from edge.counting.cell import CellClass
from edge.reports.overlay import COLOURS, draw_overlay
from tests.edge.fields import SHAPE, cell, count_of

WHITE = np.full((*SHAPE, 3), 230, np.uint8)
CELLS = (cell(x=60, y=60, diameter_px=44), cell(CellClass.WBC, 160, 120, 60), cell(CellClass.PLT, 250, 60, 30))


def drawn_in(pixels: np.ndarray, kind: CellClass) -> np.ndarray:
    return np.all(np.abs(pixels.astype(int) - COLOURS[kind]) < 40, axis=2)


def test_the_frame_itself_is_not_drawn_on() -> None:
    pixels = WHITE.copy()
    draw_overlay(pixels, count_of(CELLS, 44.0), None, simulated=False)
    np.testing.assert_array_equal(pixels, WHITE)


def test_every_cell_is_outlined_in_its_classs_colour_and_place() -> None:
    drawn = draw_overlay(WHITE, count_of(CELLS, 44.0), None, simulated=False)
    assert drawn.shape[1] == SHAPE[1]
    assert drawn.shape[0] > SHAPE[0]  # the legend lies below and hides no cell
    picture = drawn[: SHAPE[0]]
    for one in CELLS:
        rows, columns = np.nonzero(drawn_in(picture, one.cell_class))
        assert len(rows) > 20
        distance = np.hypot(columns - one.x, rows - one.y)
        assert float(np.abs(distance - one.diameter_px / 2).max()) < 4.0


def test_without_cells_the_picture_is_the_frame() -> None:
    drawn = draw_overlay(WHITE, count_of((), 44.0), None, simulated=False)
    np.testing.assert_array_equal(drawn[: SHAPE[0]], WHITE)


@pytest.mark.parametrize("diameter_px", [9.0, 15.0, 22.0])
def test_small_cells_are_enlarged_so_that_numbers_can_be_read(diameter_px: float) -> None:
    drawn = draw_overlay(WHITE, count_of((cell(x=100, y=80, diameter_px=diameter_px),), diameter_px), None, simulated=False)
    zoom = drawn.shape[1] // SHAPE[1]
    assert zoom * SHAPE[1] == drawn.shape[1]
    assert zoom >= 2
    rows, columns = np.nonzero(drawn_in(drawn[: zoom * SHAPE[0]], CellClass.RBC))
    assert (columns.mean(), rows.mean()) == pytest.approx(((100 + 0.5) * zoom, (80 + 0.5) * zoom), abs=2.0)


def test_a_simulated_field_says_so_in_red() -> None:
    real, simulated = (draw_overlay(WHITE, count_of((), 44.0), None, simulated=one) for one in (False, True))
    red = (simulated[..., 0].astype(int) - simulated[..., 1] > 100).sum()
    assert red > 50
    assert (real[..., 0].astype(int) - real[..., 1] > 100).sum() < red / 2


@pytest.mark.parametrize(("um_per_px", "bar_px"), [(0.2, 50), (1.0, 50)], ids=["10 um", "50 um"])
def test_the_scale_bar_is_as_long_as_it_says(um_per_px: float, bar_px: int) -> None:
    plain = draw_overlay(WHITE, count_of((), 44.0), None, simulated=False)
    barred = draw_overlay(WHITE, count_of((), 44.0), um_per_px, simulated=False)
    changed = (plain != barred).any(axis=2)
    longest = max(int(row.sum()) for row in changed)
    assert longest == pytest.approx(bar_px, abs=3)
