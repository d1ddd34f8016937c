"""Single cells: their forms, sizes, and that a seed makes one again."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.smear.cells import ANGLES, Kind, Shape, SmearCell, platelet, precipitate, red_cell, smudge_cell, white_cell

RED = (
    Shape.DISCOCYTE, Shape.OVALOCYTE, Shape.TEARDROP, Shape.BURR, Shape.TARGET, Shape.STOMATOCYTE, Shape.SPHEROCYTE,
    Shape.FRAGMENT,
)  # fmt: skip
WHITE = (Shape.LYMPHOCYTE, Shape.NEUTROPHIL, Shape.MONOCYTE, Shape.EOSINOPHIL, Shape.BLAST)
Make = Callable[[np.random.Generator], SmearCell]


def makers() -> dict[Shape, tuple[Kind, Make]]:
    made: dict[Shape, tuple[Kind, Make]] = {}
    for shape in RED:
        made[shape] = Kind.RBC, lambda rng, shape=shape: red_cell(rng, shape, 10.0, 20.0, 7.5, 0.4)  # type: ignore[misc]
    for shape in WHITE:
        made[shape] = Kind.WBC, lambda rng, shape=shape: white_cell(rng, shape, 10.0, 20.0)  # type: ignore[misc]
    made[Shape.SMUDGE] = Kind.WBC, lambda rng: smudge_cell(rng, 10.0, 20.0)
    made[Shape.PLATELET] = Kind.PLT, lambda rng: platelet(rng, 10.0, 20.0)
    made[Shape.PRECIPITATE] = Kind.DEBRIS, lambda rng: precipitate(rng, 10.0, 20.0)
    return made


MAKERS = makers()


def area_um2(cell: SmearCell) -> float:
    x, y = cell.contour_um().T
    return 0.5 * abs(float(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))))


def test_every_shape_has_a_maker() -> None:
    assert set(MAKERS) == set(Shape)


@pytest.mark.parametrize("shape", list(Shape), ids=lambda shape: shape.value)
@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 2**31))
def test_every_shape_is_a_closed_finite_contour_that_its_seed_makes_again(shape: Shape, seed: int) -> None:
    kind, make = MAKERS[shape]
    cell, again = make(np.random.default_rng(seed)), make(np.random.default_rng(seed))
    assert (cell.kind, cell.shape) == (kind, shape)
    assert cell.radii_um.shape == (ANGLES,)
    assert cell.radii_um.dtype == np.float32
    assert bool(np.isfinite(cell.radii_um).all())
    assert float(cell.radii_um.min()) > 0
    np.testing.assert_array_equal(cell.radii_um, again.radii_um)
    assert (cell.density, cell.pallor, cell.lobes) == (again.density, again.pallor, again.lobes)
    distance = np.hypot(*(cell.contour_um() - (10.0, 20.0)).T)
    assert distance.max() == pytest.approx(cell.reach_um, rel=1e-6)
    assert 0.0 <= cell.pallor.depth <= 0.95


@pytest.mark.parametrize(
    ("shape", "smallest_um", "largest_um"),
    [(Shape.LYMPHOCYTE, 8, 12), (Shape.MONOCYTE, 13, 18), (Shape.NEUTROPHIL, 11, 15), (Shape.PLATELET, 1.5, 5)],
    ids=lambda value: getattr(value, "value", None),
)
def test_sizes_are_those_of_the_books(shape: Shape, smallest_um: float, largest_um: float) -> None:
    rng = np.random.default_rng(3)
    diameters = [2.0 * np.sqrt(area_um2(MAKERS[shape][1](rng)) / np.pi) for _ in range(200)]
    assert 0.95 * smallest_um < float(np.quantile(diameters, 0.05))
    assert float(np.quantile(diameters, 0.95)) < 1.05 * largest_um


def test_a_red_cell_has_the_diameter_asked_for() -> None:
    rng = np.random.default_rng(4)
    diameters = [2.0 * np.sqrt(area_um2(red_cell(rng, Shape.DISCOCYTE, 0, 0, 7.5, 0.4)) / np.pi) for _ in range(200)]
    assert float(np.mean(diameters)) == pytest.approx(7.5, rel=0.02)


def test_forms_are_what_their_names_say() -> None:
    def long_over_short(shape: Shape) -> float:
        rng = np.random.default_rng(5)
        cells = [red_cell(rng, shape, 0, 0, 7.5, 0.4) for _ in range(60)]
        ratios = [np.sqrt(np.divide(*np.linalg.eigvalsh(np.cov(cell.contour_um().T))[::-1])) for cell in cells]
        return float(np.median(ratios))

    def area(shape: Shape) -> float:
        rng = np.random.default_rng(6)
        return float(np.median([area_um2(red_cell(rng, shape, 0, 0, 7.5, 0.4)) for _ in range(60)]))

    assert long_over_short(Shape.OVALOCYTE) > 1.25 > long_over_short(Shape.DISCOCYTE)
    assert area(Shape.FRAGMENT) < area(Shape.SPHEROCYTE) < area(Shape.DISCOCYTE)
    rng = np.random.default_rng(7)
    assert red_cell(rng, Shape.SPHEROCYTE, 0, 0, 7.5, 0.9).pallor.depth == 0.0
    assert red_cell(rng, Shape.TARGET, 0, 0, 7.5, 0.4).pallor.bullseye > 0.0
    assert len(white_cell(rng, Shape.EOSINOPHIL, 0, 0).lobes) == 2
    assert all(2 <= len(white_cell(rng, Shape.NEUTROPHIL, 0, 0).lobes) <= 5 for _ in range(20))
