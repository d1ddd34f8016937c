"""What is really in a window."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.smear.cells import Kind, Shape, SmearCell
from edge.smear.slide import Smear, SmearRecipe, make_smear
from edge.smear.staining import Plate, Stain, stain_window
from edge.smear.truth import LEAST_VISIBLE, TrueCell, true_cells
from tests.edge.smear.test_staining import UM_PER_PX, disc

APART = SmearRecipe(red_density=40, red_spacing=1.3, stacked=0.0, white_density=2.0, platelet_density=4.0)


def seen(smear: Smear, x_um: float, y_um: float, side_px: int = 200) -> tuple[Plate, tuple[TrueCell, ...]]:
    plate = stain_window(smear, Stain(), x_um, y_um, side_px, side_px, UM_PER_PX)
    return plate, true_cells(smear, plate, x_um, y_um, UM_PER_PX)


def of(cells: Sequence[SmearCell], x_um: float = 0.0) -> tuple[TrueCell, ...]:
    return seen(Smear(100.0, 100.0, 7.5, tuple(cells)), x_um, 0.0)[1]


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 1000), recipe_seed=st.integers(0, 1000))
def test_truth_is_what_the_top_map_shows(seed: int, recipe_seed: int) -> None:
    smear = make_smear(seed, 60.0, 60.0, SmearRecipe.random(np.random.default_rng(recipe_seed)))
    plate, cells = seen(smear, 8.0, 9.0)
    listed = [cell.index for cell in cells]
    assert listed == sorted(set(listed))
    for cell in cells:
        assert cell.kind is smear.cells[cell.index].kind is not Kind.DEBRIS
        shown = plate.top == cell.index + 1
        rows, columns = np.nonzero(shown)
        assert (cell.seen_x, cell.seen_y) == pytest.approx((columns.mean(), rows.mean()))
        assert LEAST_VISIBLE <= cell.visible <= 1.0
    for number in set(np.unique(plate.top)) - {0, *(index + 1 for index in listed)}:
        # What is left out hardly shows.
        assert (plate.top == number).sum() < 0.4 * smear.cells[number - 1].reach_um ** 2 * np.pi / UM_PER_PX**2


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_cells_that_lie_apart_have_their_centre_and_area(seed: int) -> None:
    plate, cells = seen(make_smear(seed, 60.0, 60.0, APART), 8.0, 9.0)
    red = [cell for cell in cells if cell.kind is Kind.RBC and not cell.border and cell.visible > 0.995]
    for cell in red:
        assert plate.top[round(cell.y), round(cell.x)] == cell.index + 1
        assert (plate.top == cell.index + 1).sum() == pytest.approx(cell.area_px, rel=0.03)
        if cell.shape is Shape.DISCOCYTE:
            assert float(np.hypot(cell.seen_x - cell.x, cell.seen_y - cell.y)) < 2.0


@pytest.mark.parametrize(
    ("x_um", "y_um", "border"),
    [(20.0, 20.0, False), (2.0, 20.0, True), (20.0, 38.5, True), (-2.0, 20.0, True), (3.7, 20.0, False)],
    ids=["whole", "left", "bottom", "middle outside", "just inside"],
)
def test_a_cell_that_the_border_cuts_is_marked(x_um: float, y_um: float, border: bool) -> None:
    (cell,) = of([disc(x_um, y_um)])
    assert cell.border is border
    assert (cell.x, cell.y) == pytest.approx((x_um / UM_PER_PX, y_um / UM_PER_PX))
    assert 0.9 < cell.visible <= 1.0
    assert cell.area_px == pytest.approx(np.pi / 4 * (7.5 / UM_PER_PX) ** 2, rel=0.01)
    assert 0 <= cell.seen_x < 200


def test_a_hidden_cell_is_not_listed() -> None:
    assert [cell.index for cell in of([disc(20.0, 20.0, 6.0), disc(20.0, 20.0, 7.5)])] == [1]


def test_a_half_hidden_cell_is_listed_with_what_shows() -> None:
    lower, upper = of([disc(20.0, 20.0), disc(23.0, 20.0)])
    assert upper.visible > 0.98
    # Two discs of radius r, a distance d apart, share 2 r^2 acos(d / 2r) - d/2 sqrt(4 r^2 - d^2).
    r, d = 3.75, 3.0
    shared = 2 * r * r * np.arccos(d / (2 * r)) - d / 2 * np.sqrt(4 * r * r - d * d)
    assert lower.visible == pytest.approx(1.0 - shared / (np.pi * r * r), abs=0.02)
    assert lower.seen_x < lower.x


def test_a_sliver_at_the_border_is_no_cell() -> None:
    assert of([disc(-3.68, 20.0)]) == ()


def test_dirt_is_no_cell() -> None:
    grain = SmearCell(Kind.DEBRIS, Shape.PRECIPITATE, 20.0, 20.0, np.full(256, 1.0, np.float32))
    assert of([grain]) == ()


def test_a_cell_has_one_name_in_every_window() -> None:
    smear = make_smear(4, 80.0, 60.0, APART)
    left, right = (seen(smear, x_um, 9.0)[1] for x_um in (8.0, 18.0))
    of_left = {cell.index: cell for cell in left}
    both = [cell for cell in right if cell.index in of_left]
    assert len(both) >= 5
    for cell in both:
        assert of_left[cell.index].x - cell.x == pytest.approx(10.0 / UM_PER_PX)
        assert of_left[cell.index].y == pytest.approx(cell.y)
