"""The smear as light absorbed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.smear.cells import Kind, Pallor, Shape, SmearCell, red_cell
from edge.smear.slide import Smear, SmearRecipe, make_smear
from edge.smear.staining import Plate, Stain, stain_window
from tests.edge.smear.test_cells import MAKERS

UM_PER_PX = 0.2
CLEAR = Stain(see_through=1.0, pile_up=1.0, halo=0.0, rim=0.0)


def disc(x_um: float, y_um: float, diameter_um: float = 7.5, density: float = 1.0, depth: float = 0.0) -> SmearCell:
    radii = np.full(256, diameter_um / 2.0, np.float32)
    return SmearCell(Kind.RBC, Shape.DISCOCYTE, x_um, y_um, radii, density, pallor=Pallor(depth=depth))


def window(cells: Sequence[SmearCell], stain: Stain = CLEAR, side_px: int = 150, x_um: float = 0.0, seed: int = 0) -> Plate:
    return stain_window(Smear(100.0, 100.0, 7.5, tuple(cells)), stain, x_um, 0.0, side_px, side_px, UM_PER_PX, seed)


@settings(max_examples=15, deadline=None)
@given(x_um=st.floats(6, 24), y_um=st.floats(6, 24), density=st.floats(0.2, 2.0))
def test_densities_of_cells_that_overlap_add_up(x_um: float, y_um: float, density: float) -> None:
    """Beer and Lambert, where the lower cell shows through wholly."""
    lower, upper = disc(15.0, 15.0), disc(x_um, y_um, density=density)
    both = window([lower, upper]).density
    np.testing.assert_allclose(both, window([lower]).density + window([upper]).density, atol=1e-5)


@pytest.mark.parametrize("see_through", [0.0, 0.35, 0.9])
def test_the_upper_cell_hides_what_it_should(see_through: float) -> None:
    stain = replace(CLEAR, see_through=see_through)
    lower, upper = disc(15.0, 15.0), disc(17.0, 15.0)
    both = window([lower, upper], stain).density
    alone = window([upper], stain).density
    beneath = window([lower], stain).density
    assert both[75, 80] == pytest.approx(alone[75, 80] + see_through * beneath[75, 80], abs=1e-5)


def test_cells_that_do_not_pile_up_are_as_dense_as_the_denser() -> None:
    stain = replace(CLEAR, pile_up=0.0)
    lower, upper = disc(15.0, 15.0), disc(17.0, 15.0, density=1.4)
    alone = np.maximum(window([lower]).density, window([upper]).density)
    np.testing.assert_allclose(window([lower, upper], stain).density, alone, atol=1e-5)


def test_empty_glass_absorbs_nothing() -> None:
    plate = window([])
    assert not plate.density.any()
    assert not plate.top.any()


def test_a_plain_cell_absorbs_its_colour_inside_and_nothing_outside() -> None:
    plate = window([disc(15.0, 15.0, density=1.3)])
    np.testing.assert_allclose(plate.density[75, 75], 1.3 * np.array(CLEAR.red), rtol=1e-5)
    assert not plate.density[75, 75 + 20 :].any()
    assert plate.top[75, 75] == 1


def test_pallor_is_paler_in_the_middle() -> None:
    plate = window([disc(15.0, 15.0, depth=0.8)])
    assert plate.density[75, 75, 1] < 0.4 * plate.density[75, 75 + 15, 1]


def test_the_area_is_the_discs() -> None:
    found = int((window([disc(15.0, 15.0)]).top == 1).sum())
    assert found == pytest.approx(np.pi / 4 * (7.5 / UM_PER_PX) ** 2, rel=0.01)


def test_the_last_cell_is_on_top_and_dirt_hides_none() -> None:
    grain = SmearCell(Kind.DEBRIS, Shape.PRECIPITATE, 15.0, 15.0, np.full(256, 1.0, np.float32))
    plate = window([disc(15.0, 15.0), disc(17.0, 15.0), grain])
    assert plate.top[75, 75] == 2
    assert plate.top[75, 60] == 1
    assert set(np.unique(plate.top)) == {0, 1, 2}
    assert plate.density[75, 75, 0] > window([disc(15.0, 15.0), disc(17.0, 15.0)]).density[75, 75, 0]


@pytest.mark.parametrize("shape", list(Shape), ids=lambda shape: shape.value)
def test_every_shape_renders(shape: Shape) -> None:
    kind, make = MAKERS[shape]
    cell = replace(make(np.random.default_rng(1)), x_um=15.0, y_um=15.0)
    plate = window([cell], Stain())
    assert plate.density.dtype == np.float32
    assert plate.top.dtype == np.int32
    assert bool(np.isfinite(plate.density).all())
    assert float(plate.density[75, 75].max()) > 0.02
    assert bool((plate.top == 1).any()) is (kind is not Kind.DEBRIS)
    far = np.hypot(*np.mgrid[-75:75, -75:75]) * UM_PER_PX > cell.reach_um + 2.0
    assert float(np.abs(plate.density[far]).max()) < 1e-6


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000), stain_seed=st.integers(0, 1000), shift_px=st.integers(1, 110))
def test_what_lies_in_two_windows_looks_the_same_in_both(seed: int, stain_seed: int, shift_px: int) -> None:
    """Cells that straddle the border too, with their texture, whatever the stain."""
    smear = make_smear(seed, 60.0, 40.0, SmearRecipe(white_density=20.0, platelet_density=60.0, smudge_density=4.0))
    stain = Stain.random(np.random.default_rng(stain_seed))
    left = stain_window(smear, stain, 10.0, 5.0, 120, 120, UM_PER_PX, seed)
    right = stain_window(smear, stain, 10.0 + shift_px * UM_PER_PX, 5.0, 120, 120, UM_PER_PX, seed)
    np.testing.assert_array_equal(left.top[:, shift_px:] > 0, right.top[:, :-shift_px] > 0)
    # Rounding moves a pixel's centre by 1e-6 px.
    difference = np.abs(left.density[:, shift_px:] - right.density[:, :-shift_px])
    assert float(difference.max()) < 5e-3


@pytest.mark.parametrize("shape", [Shape.LYMPHOCYTE, Shape.SMUDGE, Shape.PLATELET, Shape.EOSINOPHIL], ids=lambda s: s.value)
def test_texture_belongs_to_the_cell_and_not_to_the_window(shape: Shape) -> None:
    cell = replace(MAKERS[shape][1](np.random.default_rng(2)), x_um=15.0, y_um=15.0)
    whole = window([cell], Stain())
    cut = window([cell], Stain(), x_um=15.0)
    np.testing.assert_allclose(cut.density[:, :75], whole.density[:, 75:], atol=2e-3)
    other = window([cell], Stain(), seed=9)
    assert float(np.abs(other.density - whole.density).max()) > 0.02  # the seed changes the texture
    np.testing.assert_array_equal(other.top, whole.top)


def test_a_seed_stains_the_same_again() -> None:
    smear = make_smear(3, 60.0, 40.0, SmearRecipe(white_density=10.0))
    first, second = (stain_window(smear, Stain(), 5.0, 5.0, 120, 90, UM_PER_PX, 3) for _ in range(2))
    np.testing.assert_array_equal(first.density, second.density)
    np.testing.assert_array_equal(first.top, second.top)
    assert first.density.shape == (90, 120, 3)


def test_a_coarser_scale_shows_the_same_glass() -> None:
    smear = make_smear(3, 60.0, 40.0, SmearRecipe())
    fine = stain_window(smear, CLEAR, 5.0, 5.0, 240, 160, 0.1)
    coarse = stain_window(smear, CLEAR, 5.0, 5.0, 120, 80, 0.2)
    assert float((fine.top > 0).mean()) == pytest.approx(float((coarse.top > 0).mean()), abs=0.01)
    assert float(fine.density.mean()) == pytest.approx(float(coarse.density.mean()), rel=0.02)


def test_red_cells_have_random_stain_but_none_is_negative_inside() -> None:
    rng = np.random.default_rng(0)
    cell = red_cell(rng, Shape.DISCOCYTE, 15.0, 15.0, 7.5, 0.5)
    for _ in range(10):
        stain = Stain.random(rng)
        plate = window([cell], stain)
        assert float(plate.density[plate.top == 1][:, 1].min()) > -0.1  # the halo's tail reaches a pixel into the rim
