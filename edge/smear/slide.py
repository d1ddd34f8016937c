"""One large smear: where its cells lie, from a seed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from edge.smear.cells import Shape, SmearCell, platelet, precipitate, red_cell, smudge_cell, white_cell

_RED_SHAPES = (
    Shape.DISCOCYTE, Shape.OVALOCYTE, Shape.TEARDROP, Shape.BURR, Shape.TARGET,
    Shape.STOMATOCYTE, Shape.SPHEROCYTE, Shape.FRAGMENT,
)  # fmt: skip
_WHITE_SHAPES = (Shape.LYMPHOCYTE, Shape.NEUTROPHIL, Shape.MONOCYTE, Shape.EOSINOPHIL, Shape.BLAST)


@dataclass(frozen=True, slots=True)
class SmearRecipe:
    """What a smear is like. Densities are per 10,000 µm² (a square of 100 µm).

    `red_spacing` is the least distance of two red cells laid singly, in diameters (below 1 they overlap);
    `stacked` the share of red cells that lie against or over another one, as in thick parts and rouleaux;
    `stack_step` how far such a cell is displaced from the one beneath it, in diameters.
    """

    red_density: float = 90.0
    white_density: float = 1.0
    platelet_density: float = 8.0
    debris_density: float = 2.0
    smudge_density: float = 0.0
    red_diameter_um: float = 7.5
    anisocytosis: float = 0.07
    poikilocytosis: float = 0.15
    pallor: float = 0.45
    red_spacing: float = 0.95
    stacked: float = 0.15
    stack_step: tuple[float, float] = (0.22, 0.95)
    white_clusters: float = 0.1

    @staticmethod
    def random(rng: np.random.Generator) -> SmearRecipe:
        """A recipe drawn over the whole range that the renderer covers, thin monolayers to packed stacks."""
        dense = rng.random() < 0.35
        return SmearRecipe(
            red_density=float(rng.uniform(90, 220) if dense else rng.uniform(15, 120)),
            white_density=float(rng.choice([0.3, 1.0, 3.0, 8.0])),
            platelet_density=float(rng.uniform(2, 30)),
            debris_density=float(rng.uniform(0, 10)),
            smudge_density=float(rng.choice([0.0, 0.0, 0.5, 1.5])),
            red_diameter_um=float(rng.uniform(6.6, 8.2)),
            anisocytosis=float(rng.uniform(0.03, 0.16)),
            poikilocytosis=float(rng.choice([0.05, 0.15, 0.5])),
            pallor=float(rng.uniform(0.05, 0.75)),
            red_spacing=float(rng.uniform(0.75, 1.05)),
            stacked=float(rng.uniform(0.2, 0.7) if dense else rng.uniform(0.0, 0.45)),
            white_clusters=float(rng.choice([0.05, 0.4])),
        )


@dataclass(frozen=True, slots=True, eq=False)
class Smear:
    """A rectangle of glass, with its cells in the order in which they lie (the last is on top)."""

    width_um: float
    height_um: float
    red_diameter_um: float
    cells: tuple[SmearCell, ...]
    _boxes: NDArray[np.float64] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        boxes = np.array([(c.x_um, c.y_um, c.reach_um + 1.5) for c in self.cells], np.float64).reshape(-1, 3)
        object.__setattr__(self, "_boxes", boxes)

    def near(self, left_um: float, top_um: float, right_um: float, bottom_um: float) -> list[int]:
        """The indices of the cells that reach into this rectangle, lowest first."""
        x, y, reach = self._boxes.T
        inside = (x + reach > left_um) & (x - reach < right_um) & (y + reach > top_um) & (y - reach < bottom_um)
        return [int(index) for index in np.flatnonzero(inside)]


class _Floor:
    """What is already taken, by buckets, so that a new cell is compared with its neighbours alone."""

    def __init__(self, bucket_um: float) -> None:
        self._bucket_um = bucket_um
        self._taken: dict[tuple[int, int], list[tuple[float, float, float]]] = {}

    def free(self, x_um: float, y_um: float, room_um: float) -> bool:
        i, j = int(x_um // self._bucket_um), int(y_um // self._bucket_um)
        return all(
            (x - x_um) ** 2 + (y - y_um) ** 2 >= ((room + room_um) / 2.0) ** 2
            for di in (-1, 0, 1)
            for dj in (-1, 0, 1)
            for x, y, room in self._taken.get((i + di, j + dj), ())
        )

    def take(self, x_um: float, y_um: float, room_um: float) -> None:
        key = (int(x_um // self._bucket_um), int(y_um // self._bucket_um))
        self._taken.setdefault(key, []).append((x_um, y_um, room_um))


def _lay_red(
    rng: np.random.Generator, recipe: SmearRecipe, width_um: float, height_um: float, floor: _Floor
) -> list[SmearCell]:
    cells: list[SmearCell] = []
    number = rng.poisson(recipe.red_density * width_um * height_um / 1e4)
    odd = recipe.poikilocytosis / (len(_RED_SHAPES) - 1)
    shapes = rng.choice(len(_RED_SHAPES), size=number, p=[1.0 - recipe.poikilocytosis] + [odd] * (len(_RED_SHAPES) - 1))
    heading = rng.uniform(0.0, 2.0 * np.pi)
    for index in shapes:
        diameter = recipe.red_diameter_um * float(np.clip(rng.normal(1.0, recipe.anisocytosis), 0.55, 1.6))
        stack = bool(cells) and rng.random() < recipe.stacked
        for _ in range(12):
            if stack:
                below = cells[
                    int(rng.integers(max(0, len(cells) - 4), len(cells)) if rng.random() < 0.6 else rng.integers(len(cells)))
                ]
                heading = heading + rng.normal(0.0, 0.5) if rng.random() < 0.7 else rng.uniform(0.0, 2.0 * np.pi)
                step = rng.uniform(*recipe.stack_step) * recipe.red_diameter_um
                x, y = below.x_um + step * np.cos(heading), below.y_um + step * np.sin(heading)
                room = recipe.stack_step[0] * recipe.red_diameter_um
            else:
                x, y = rng.uniform(0.0, width_um), rng.uniform(0.0, height_um)
                room = recipe.red_spacing * diameter
            if 0 <= x < width_um and 0 <= y < height_um and floor.free(x, y, room):
                floor.take(x, y, room)
                cells.append(red_cell(rng, _RED_SHAPES[index], float(x), float(y), diameter, recipe.pallor))
                break
    return cells


def _lay_white(
    rng: np.random.Generator, recipe: SmearRecipe, width_um: float, height_um: float, floor: _Floor
) -> list[SmearCell]:
    cells: list[SmearCell] = []
    for _ in range(rng.poisson(recipe.white_density * width_um * height_um / 1e4)):
        shape = _WHITE_SHAPES[int(rng.choice(5, p=[0.3, 0.32, 0.1, 0.08, 0.2]))]
        for _ in range(20):
            x, y = rng.uniform(0.0, width_um), rng.uniform(0.0, height_um)
            cell = white_cell(rng, shape, float(x), float(y))
            if cells and rng.random() < recipe.white_clusters:
                beside, way = cells[int(rng.integers(len(cells)))], rng.uniform(0.0, 6.28)
                away = (beside.radii_um.mean() + cell.radii_um.mean()) * rng.uniform(0.9, 1.15)
                x, y = beside.x_um + away * np.cos(way), beside.y_um + away * np.sin(way)
                cell = white_cell(rng, shape, float(x), float(y))
            room = 1.75 * float(cell.radii_um.mean())
            if 0 <= x < width_um and 0 <= y < height_um and floor.free(x, y, room):
                floor.take(x, y, room * 1.1)
                cells.append(cell)
                break
    return cells


def make_smear(seed: int, width_um: float, height_um: float, recipe: SmearRecipe) -> Smear:
    """The smear of this seed: the same arguments give the same cells.

    Raises ValueError where the glass has no area.
    """
    if width_um <= 0 or height_um <= 0:
        raise ValueError(f"a smear needs an area, not {width_um} x {height_um} µm")
    rng = np.random.default_rng(seed)
    floor = _Floor(2.5 * recipe.red_diameter_um)
    white = _lay_white(rng, recipe, width_um, height_um, floor)
    red = _lay_red(rng, recipe, width_um, height_um, floor)

    def scattered(density: float) -> list[tuple[float, float]]:
        number = rng.poisson(density * width_um * height_um / 1e4)
        return [(float(rng.uniform(0, width_um)), float(rng.uniform(0, height_um))) for _ in range(number)]

    small = [platelet(rng, x, y) for x, y in scattered(recipe.platelet_density) if floor.free(x, y, 2.0) or rng.random() < 0.15]
    dirt = [precipitate(rng, x, y) for x, y in scattered(recipe.debris_density)]
    smudges = [smudge_cell(rng, x, y) for x, y in scattered(recipe.smudge_density) if floor.free(x, y, 8.0)]
    return Smear(width_um, height_um, recipe.red_diameter_um, (*smudges, *red, *white, *small, *dirt))
