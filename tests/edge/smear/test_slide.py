"""A smear from its seed: what lies where, and how much of it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.smear.cells import Kind, Shape
from edge.smear.slide import Smear, SmearRecipe, make_smear

SIDE_UM = 500.0
APART = SmearRecipe(red_spacing=1.05, stacked=0.0, smudge_density=0.0, poikilocytosis=0.0)


def numbers(smear: Smear) -> Counter[Kind]:
    return Counter(cell.kind for cell in smear.cells)


def places(smear: Smear, kind: Kind = Kind.RBC) -> np.ndarray:
    return np.array([(cell.x_um, cell.y_um) for cell in smear.cells if cell.kind is kind]).reshape(-1, 2)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 2**31), recipe_seed=st.integers(0, 1000))
def test_a_seed_makes_the_same_smear_again(seed: int, recipe_seed: int) -> None:
    recipe = SmearRecipe.random(np.random.default_rng(recipe_seed))
    first, second = (make_smear(seed, 90.0, 70.0, recipe) for _ in range(2))
    assert len(first.cells) == len(second.cells)
    for one, other in zip(first.cells, second.cells, strict=True):
        assert (one.kind, one.shape, one.x_um, one.y_um) == (other.kind, other.shape, other.x_um, other.y_um)
        np.testing.assert_array_equal(one.radii_um, other.radii_um)
    assert all(0 <= cell.x_um < 90.0 and 0 <= cell.y_um < 70.0 for cell in first.cells)


def test_another_seed_makes_another_smear() -> None:
    first, second = places(make_smear(1, 90.0, 70.0, APART)), places(make_smear(2, 90.0, 70.0, APART))
    assert first.shape != second.shape or not np.allclose(first, second)


@pytest.mark.parametrize(("red", "white", "platelets"), [(20.0, 0.5, 3.0), (60.0, 3.0, 10.0)])
def test_densities_are_met(red: float, white: float, platelets: float) -> None:
    """Counts follow Poisson's law: four of its standard deviations; some that find no room are left out."""
    recipe = replace(APART, red_density=red, white_density=white, platelet_density=platelets, red_spacing=0.95)
    found = numbers(make_smear(11, SIDE_UM, SIDE_UM, recipe))
    for kind, density, left_out in ((Kind.RBC, red, 0.02), (Kind.WBC, white, 0.05), (Kind.PLT, platelets, 0.5)):
        expected = density * SIDE_UM**2 / 1e4
        assert expected * (1.0 - left_out) - 4.0 * np.sqrt(expected) < found[kind] < expected + 4.0 * np.sqrt(expected), kind


def test_no_density_no_cells() -> None:
    empty = SmearRecipe(red_density=0, white_density=0, platelet_density=0, debris_density=0)
    smear = make_smear(1, 100.0, 100.0, empty)
    assert smear.cells == ()
    assert smear.near(0.0, 0.0, 100.0, 100.0) == []


def test_cells_laid_singly_keep_their_distance() -> None:
    where = places(make_smear(3, 200.0, 200.0, replace(APART, anisocytosis=0.0)))
    distance = np.hypot(*(where[:, None] - where[None, :]).transpose(2, 0, 1))
    np.fill_diagonal(distance, np.inf)
    assert float(distance.min()) >= 1.05 * 7.5 - 1e-9


def test_stacked_cells_lie_over_another() -> None:
    def overlapping(stacked: float) -> float:
        where = places(make_smear(4, 300.0, 300.0, replace(APART, stacked=stacked)))
        distance = np.hypot(*(where[:, None] - where[None, :]).transpose(2, 0, 1))
        np.fill_diagonal(distance, np.inf)
        return float((distance.min(axis=1) < 0.95 * 7.5).mean())

    assert overlapping(0.0) < 0.05
    assert overlapping(0.6) > 0.5


@pytest.mark.parametrize("spread", [0.03, 0.07, 0.15])
def test_anisocytosis_is_the_spread_of_diameters(spread: float) -> None:
    smear = make_smear(5, SIDE_UM, SIDE_UM, replace(APART, anisocytosis=spread))
    diameters = np.array([2.0 * float(np.sqrt((cell.radii_um**2).mean())) for cell in smear.cells if cell.kind is Kind.RBC])
    # A contour's own waves (Fourier terms of 3.5 % over their order) change the area by a hundredth.
    assert float(diameters.std() / diameters.mean()) == pytest.approx(spread, rel=0.12, abs=0.003)


def test_poikilocytosis_is_the_share_of_odd_forms() -> None:
    smear = make_smear(6, SIDE_UM, SIDE_UM, replace(APART, poikilocytosis=0.5))
    red = [cell.shape for cell in smear.cells if cell.kind is Kind.RBC]
    assert sum(shape is not Shape.DISCOCYTE for shape in red) / len(red) == pytest.approx(0.5, abs=0.05)
    assert len(set(red)) == 8


def test_white_cells_lie_free_of_red_ones() -> None:
    smear = make_smear(7, SIDE_UM, SIDE_UM, replace(APART, white_density=4.0))
    white = [cell for cell in smear.cells if cell.kind is Kind.WBC]
    red = places(smear)
    for cell in white:
        assert float(np.hypot(*(red - (cell.x_um, cell.y_um)).T).min()) > 0.8 * float(cell.radii_um.mean())


@settings(max_examples=25, deadline=None)
@given(left=st.floats(-20, 110), top=st.floats(-20, 110), side=st.floats(1, 60))
def test_near_gives_every_cell_that_reaches_in_lowest_first(left: float, top: float, side: float) -> None:
    smear = make_smear(8, 100.0, 100.0, SmearRecipe())
    near = smear.near(left, top, left + side, top + side)
    assert near == sorted(near)
    for index, cell in enumerate(smear.cells):
        x, y = cell.contour_um().T
        inside = (x > left) & (x < left + side) & (y > top) & (y < top + side)
        assert index in near or not bool(inside.any())


@pytest.mark.parametrize(("width_um", "height_um"), [(0.0, 10.0), (10.0, -1.0)])
def test_glass_needs_an_area(width_um: float, height_um: float) -> None:
    with pytest.raises(ValueError, match="needs an area"):
        make_smear(1, width_um, height_um, SmearRecipe())
