"""A field's picture with its cells drawn on it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from edge.counting.cell import CellClass, CellType
from edge.counting.signs import SIGNS
from edge.reports.overlay import draw_overlay
from tests.edge.fields import SHAPE, cell, count_of

WHITE = np.full((*SHAPE, 3), 230, np.uint8)
ZOOM = -(-400 // SHAPE[1])
"""A picture narrower than 400 px is drawn larger."""
CELLS = (cell(x=60, y=60, diameter_px=44), cell(CellClass.WBC, 160, 120, 60), cell(CellClass.PLT, 250, 60, 30))


def drawn_in(pixels: np.ndarray, kind: CellClass) -> np.ndarray:
    return np.all(np.abs(pixels.astype(int) - SIGNS[kind].ink_rgb) < 40, axis=2)


def test_the_frame_itself_is_not_drawn_on() -> None:
    pixels = WHITE.copy()
    draw_overlay(pixels, count_of(CELLS, 44.0), None, simulated=False)
    np.testing.assert_array_equal(pixels, WHITE)


def test_every_cell_is_outlined_in_its_classs_colour_and_place() -> None:
    drawn = draw_overlay(WHITE, count_of(CELLS, 44.0), None, simulated=False)
    assert drawn.shape[1] == ZOOM * SHAPE[1]
    assert drawn.shape[0] > ZOOM * SHAPE[0]  # the legend lies below and hides no cell
    picture = drawn[: ZOOM * SHAPE[0]]
    for one in CELLS:
        rows, columns = np.nonzero(drawn_in(picture, one.cell_class))
        assert len(rows) > 20
        distance = np.hypot(columns / ZOOM - one.x, rows / ZOOM - one.y)
        assert float(np.abs(distance - one.diameter_px / 2).max()) < 4.0


def test_without_cells_the_picture_is_the_frame() -> None:
    drawn = draw_overlay(WHITE, count_of((), 44.0), None, simulated=False)
    assert (drawn[: ZOOM * SHAPE[0]] == 230).all()


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


def longest_line_px(legend: np.ndarray) -> int:
    dark = (legend < 60).all(axis=2)
    return max(len(run) for row in dark for run in "".join("x" if ink else " " for ink in row).split())


@pytest.mark.parametrize(
    ("um_per_px", "bar_px"),
    [(0.2, 50), (1.0, 50), (0.05, 100), (None, 10 / 7.5 * 44)],
    ids=["10 um", "50 um", "5 um", "a red cell's 7.5 um"],
)
def test_the_scale_bar_is_as_long_as_it_says(um_per_px: float | None, bar_px: float) -> None:
    wide = np.full((200, 480, 3), 230, np.uint8)
    drawn = draw_overlay(wide, count_of((), 44.0), um_per_px, simulated=False)
    longest = longest_line_px(drawn[200:])
    assert any(longest == pytest.approx(bar_px * step, abs=3) for step in (1, 2)), longest


@pytest.mark.parametrize("width", [120, 256, 480, 1712])
def test_the_legend_ends_before_the_border(width: int) -> None:
    drawn = draw_overlay(np.full((100, width, 3), 230, np.uint8), count_of(CELLS, 44.0), 0.2, simulated=True)
    zoom = drawn.shape[1] // width
    legend = drawn[100 * zoom :]
    assert (legend[:, -3:] == 255).all()
    assert (legend < 128).any()


def test_numbers_of_cells_one_over_the_other_do_not_cover_each_other() -> None:
    stack = tuple(cell(x=160 + 6 * step, y=120, diameter_px=44) for step in range(6))
    numbers = draw_overlay(WHITE, count_of(stack, 44.0), None, simulated=False)[: ZOOM * SHAPE[0]]
    one = draw_overlay(WHITE, count_of(stack[:1], 44.0), None, simulated=False)[: ZOOM * SHAPE[0]]
    ink = [int((drawn == 20).all(axis=2).sum()) for drawn in (one, numbers)]
    assert ink[1] > 3 * ink[0], "most have a place of their own"


def test_a_named_cell_has_its_type_beside_its_number() -> None:
    plain = cell(CellClass.WBC, x=80.0, y=60.0, diameter_px=44.0)
    typed = replace(plain, type=CellType("lymphocyte", 0.9))
    inks = [
        int((draw_overlay(WHITE, count_of((one,), 44.0), None, simulated=False)[: ZOOM * SHAPE[0]] == 20).all(axis=2).sum())
        for one in (plain, typed)
    ]
    assert inks[1] > 1.5 * inks[0]
