"""The cells of a rendered smear: what lies where on the glass, in micrometres."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import Enum

import numpy as np
from numpy.typing import NDArray

ANGLES = 256
"""A contour is sampled at this many equal angles, from the x axis towards y."""

_THETA = np.linspace(0.0, 2.0 * np.pi, ANGLES, endpoint=False)


class Kind(str, Enum):
    """What a thing on the glass is. DEBRIS (stain precipitate, dust) is never counted; a smudged nucleus is a white cell."""

    RBC = "rbc"
    WBC = "wbc"
    PLT = "plt"
    DEBRIS = "debris"


class Shape(str, Enum):
    """The forms that the renderer knows; the red-cell names are those of the ICSH 2015 grading of morphology."""

    DISCOCYTE = "discocyte"
    OVALOCYTE = "ovalocyte"
    TEARDROP = "teardrop"
    BURR = "burr cell"
    TARGET = "target cell"
    STOMATOCYTE = "stomatocyte"
    SPHEROCYTE = "spherocyte"
    FRAGMENT = "fragment"
    LYMPHOCYTE = "lymphocyte"
    NEUTROPHIL = "neutrophil"
    MONOCYTE = "monocyte"
    EOSINOPHIL = "eosinophil"
    BLAST = "blast"
    PLATELET = "platelet"
    PRECIPITATE = "precipitate"
    SMUDGE = "smudge"


@dataclass(frozen=True, slots=True)
class Lobe:
    """One ellipse of a nucleus, relative to the cell's centre, in µm and radians."""

    x_um: float
    y_um: float
    long_um: float
    short_um: float
    angle: float


@dataclass(frozen=True, slots=True)
class Pallor:
    """The pale middle of a red cell: `depth` is the share of stain missing, within `radius` (relative to the contour, 0..1),
    displaced by (`x`, `y`) of the radius and stretched by `stretch`; `bullseye` is the stain back in the very middle."""

    depth: float = 0.0
    radius: float = 0.45
    x: float = 0.0
    y: float = 0.0
    stretch: float = 1.0
    bullseye: float = 0.0


@dataclass(frozen=True, slots=True, eq=False)
class SmearCell:
    """One thing on the glass. `radii_um` is (ANGLES,) float32: the contour's distance from the centre by angle.

    `density` scales the stain it takes up; `angle` is the direction of its long axis.
    """

    kind: Kind
    shape: Shape
    x_um: float
    y_um: float
    radii_um: NDArray[np.float32]
    density: float = 1.0
    angle: float = 0.0
    pallor: Pallor = Pallor()
    lobes: tuple[Lobe, ...] = ()

    @property
    def reach_um(self) -> float:
        """The largest distance of the contour from the centre."""
        return float(self.radii_um.max())

    def contour_um(self) -> NDArray[np.float64]:
        """The contour as (ANGLES, 2) x, y on the glass."""
        r = self.radii_um.astype(np.float64)
        return np.stack([self.x_um + r * np.cos(_THETA), self.y_um + r * np.sin(_THETA)], axis=1)


def _wobble(rng: np.random.Generator, amplitude: float, orders: range) -> NDArray[np.float64]:
    """A random smooth contour around 1: a Fourier series whose terms fall with their order."""
    radius = np.ones(ANGLES)
    for order in orders:
        radius += rng.normal(0.0, amplitude / order) * np.cos(order * _THETA + rng.uniform(0.0, 2.0 * np.pi))
    return radius


def _ellipse(ratio: float, angle: float) -> NDArray[np.float64]:
    """The polar radius of an ellipse of unit area-radius, long axis `ratio` times the short one."""
    long, short = np.sqrt(ratio), 1.0 / np.sqrt(ratio)
    t = _THETA - angle
    return np.asarray(long * short / np.sqrt((short * np.cos(t)) ** 2 + (long * np.sin(t)) ** 2))


def _pallor(rng: np.random.Generator, depth: float) -> Pallor:
    return Pallor(
        depth=float(np.clip(rng.normal(depth, 0.14), 0.0, 0.95)),
        radius=float(rng.uniform(0.32, 0.6)),
        x=float(rng.normal(0.0, 0.07)),
        y=float(rng.normal(0.0, 0.07)),
        stretch=float(1.0 + abs(rng.normal(0.0, 0.25))),
    )


def red_cell(rng: np.random.Generator, shape: Shape, x_um: float, y_um: float, diameter_um: float, pallor: float) -> SmearCell:
    """A red cell of one of the seven red-cell shapes."""
    angle = float(rng.uniform(0.0, 2.0 * np.pi))
    radius = _wobble(rng, 0.035, range(2, 7)) * _ellipse(float(1.0 + abs(rng.normal(0.0, 0.09))), angle)
    pale = _pallor(rng, pallor)
    match shape:
        case Shape.OVALOCYTE:
            radius = _wobble(rng, 0.03, range(2, 5)) * _ellipse(float(rng.uniform(1.3, 2.1)), angle)
            pale = replace(pale, stretch=float(rng.uniform(1.2, 2.0)))
        case Shape.TEARDROP:
            away = np.angle(np.exp(1j * (_THETA - angle)))
            width = rng.uniform(0.2, 0.4)
            radius = radius * 0.92 * (1.0 + rng.uniform(0.45, 1.1) * np.exp(-0.5 * (away / width) ** 2))
        case Shape.BURR:
            spikes = int(rng.integers(9, 19))
            radius = radius * (1.0 + rng.uniform(0.04, 0.1) * np.cos(spikes * _THETA + rng.uniform(0, 6.28)))
            pale = replace(pale, depth=0.5 * pale.depth)
        case Shape.TARGET:
            depth, wide, middle = rng.uniform(0.4, 0.85), rng.uniform(0.6, 0.75), rng.uniform(0.4, 0.9)
            pale = replace(pale, depth=float(depth), radius=float(wide), bullseye=float(middle))
        case Shape.STOMATOCYTE:
            depth, slit = rng.uniform(0.5, 0.9), rng.uniform(2.2, 4.0)
            pale = replace(pale, depth=float(depth), stretch=float(slit))
        case Shape.SPHEROCYTE:
            diameter_um *= rng.uniform(0.78, 0.92)
            pale = replace(pale, depth=0.0)
        case Shape.FRAGMENT:
            cut = np.cos(np.angle(np.exp(1j * (_THETA - angle))))
            chord = np.where(cut > 0.05, rng.uniform(0.1, 0.45) / np.maximum(cut, 0.05), np.inf)
            radius = np.minimum(radius, chord)
            diameter_um *= rng.uniform(0.7, 0.95)
            pale = replace(pale, depth=0.6 * pale.depth)
        case _:
            pass
    return SmearCell(
        Kind.RBC, shape, x_um, y_um, (radius * diameter_um / 2.0).astype(np.float32),
        density=float(rng.normal(1.0, 0.1)), angle=angle, pallor=pale,
    )  # fmt: skip


def _segmented(rng: np.random.Generator, reach: float, count: int) -> tuple[Lobe, ...]:
    """Lobes strung on an arc, as in a segmented nucleus."""
    start, arc = rng.uniform(0.0, 6.28), rng.uniform(0.7, 1.3)
    at = [start + arc * i for i in range(count)]
    ring, size = reach * rng.uniform(0.35, 0.5), reach * (0.52 if count < 3 else 0.4)
    return tuple(
        Lobe(ring * np.cos(a), ring * np.sin(a), size * rng.uniform(0.85, 1.2), size * rng.uniform(0.6, 0.85), a + 1.57)
        for a in at
    )


def white_cell(rng: np.random.Generator, shape: Shape, x_um: float, y_um: float) -> SmearCell:
    """A white cell with its nucleus. Diameters after Bain, Blood Cells, 5th ed.: lymphocyte 8-16, granulocyte 12-15,
    monocyte 12-20, blast 10-20 µm."""
    low, high = {Shape.LYMPHOCYTE: (8.0, 12.0), Shape.MONOCYTE: (13.0, 18.0), Shape.BLAST: (10.0, 17.0)}.get(
        shape, (11.0, 15.0)
    )
    diameter = float(rng.uniform(low, high))
    radius = _wobble(rng, 0.05, range(2, 8)) * _ellipse(float(1.0 + abs(rng.normal(0.0, 0.12))), float(rng.uniform(0, 6.28)))
    reach = diameter / 2.0
    match shape:
        case Shape.NEUTROPHIL:
            lobes = _segmented(rng, reach, int(rng.integers(2, 6)))
        case Shape.EOSINOPHIL:
            lobes = _segmented(rng, reach, 2)
        case Shape.MONOCYTE:
            a = rng.uniform(0, 6.28)
            lobes = tuple(
                Lobe(0.28 * reach * np.cos(a + s), 0.28 * reach * np.sin(a + s), 0.6 * reach, 0.42 * reach, a + s + 1.57)
                for s in (-0.8, 0.0, 0.8)
            )
        case _:
            fill = rng.uniform(0.78, 0.95)
            (x0, y0), a0 = rng.normal(0.0, 0.06 * reach, 2), rng.uniform(0, 6.28)
            (x1, y1), a1 = rng.normal(0.0, 0.2 * reach, 2), rng.uniform(0, 6.28)
            lobes = (
                Lobe(x0, y0, reach * fill, reach * fill * rng.uniform(0.85, 1.0), a0),
                Lobe(x1, y1, reach * fill * 0.7, reach * fill * 0.6, a1),
            )
    return SmearCell(
        Kind.WBC, shape, x_um, y_um, (radius * reach).astype(np.float32), density=float(rng.uniform(0.75, 1.2)),
        angle=float(rng.uniform(0, 6.28)), lobes=lobes,
    )  # fmt: skip


def platelet(rng: np.random.Generator, x_um: float, y_um: float) -> SmearCell:
    """A platelet: 1.5-3.5 µm, now and then a giant one of up to 5."""
    diameter = float(rng.uniform(1.5, 3.5) if rng.random() < 0.92 else rng.uniform(3.5, 5.0))
    radius = _wobble(rng, 0.12, range(2, 8)) * _ellipse(float(1.0 + abs(rng.normal(0.0, 0.3))), float(rng.uniform(0, 6.28)))
    return SmearCell(
        Kind.PLT, Shape.PLATELET, x_um, y_um, (np.maximum(radius, 0.3) * diameter / 2.0).astype(np.float32),
        density=float(rng.uniform(0.3, 2.0)),
    )  # fmt: skip


def smudge_cell(rng: np.random.Generator, x_um: float, y_um: float) -> SmearCell:
    """A burst white cell, pale and frayed. ICSH counts it among the white cells (Palmer et al., IJLH 2015)."""
    radius = np.maximum(_wobble(rng, 0.4, range(2, 14)), 0.4) * rng.uniform(5.0, 9.0)
    return SmearCell(Kind.WBC, Shape.SMUDGE, x_um, y_um, radius.astype(np.float32), density=float(rng.uniform(0.3, 0.8)))


def precipitate(rng: np.random.Generator, x_um: float, y_um: float) -> SmearCell:
    """A grain of stain: small, dark, sharp."""
    radius = np.maximum(_wobble(rng, 0.3, range(2, 9)), 0.25) * rng.uniform(0.2, 0.7)
    return SmearCell(
        Kind.DEBRIS, Shape.PRECIPITATE, x_um, y_um, radius.astype(np.float32), density=float(rng.uniform(0.6, 2.0))
    )
