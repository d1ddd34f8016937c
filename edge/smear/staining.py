"""The smear as light absorbed: optical density per colour, and which cell lies on top at each pixel.

Stains absorb by the law of Beer and Lambert: transmitted = incident * exp(-density), so that the densities of cells that
overlap add up.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.smear.cells import ANGLES, Kind, Shape, SmearCell
from edge.smear.slide import Smear

Colour = tuple[float, float, float]
Density = NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Stain:
    """How a preparation takes its stain. Colours are optical densities (natural logarithm) in R, G, B.

    `see_through` is the share of a red cell's density that still shows through the one above it; `pile_up` how far the two
    densities add up (1, as Beer and Lambert have it) or the denser hides the other (0, as cells that flatten each other
    look); `rim` the darker ring inside a red cell's contour, `halo` the bright refraction just outside it, `edge_um` the
    width over which a contour fades.
    """

    red: Colour = (0.05, 0.35, 0.38)
    nucleus: Colour = (0.9, 1.5, 0.35)
    cytoplasm: Colour = (0.25, 0.4, 0.1)
    granules: Colour = (0.1, 0.5, 0.4)
    platelet: Colour = (0.35, 0.6, 0.2)
    dirt: Colour = (0.9, 1.0, 0.7)
    see_through: float = 0.35
    pile_up: float = 0.6
    rim: float = 0.15
    halo: float = 0.03
    edge_um: float = 0.3

    @staticmethod
    def random(rng: np.random.Generator) -> Stain:
        """A stain drawn over the range of Wright, Giemsa, Leishman and of how cameras render them."""
        green = rng.uniform(0.16, 0.6)
        violet = rng.uniform(0.8, 1.7)
        cell = rng.uniform(0.12, 0.5)
        plate = rng.uniform(0.3, 0.9)
        return Stain(
            red=(green * rng.uniform(-0.15, 0.55), green, green * rng.uniform(0.2, 1.25)),
            nucleus=(violet * rng.uniform(0.4, 0.9), violet, violet * rng.uniform(0.05, 0.5)),
            cytoplasm=(cell * rng.uniform(0.3, 1.0), cell, cell * rng.uniform(0.0, 0.7)),
            granules=(cell * rng.uniform(0.1, 0.5), cell * 1.4, cell * rng.uniform(0.6, 1.2)),
            platelet=(plate * rng.uniform(0.35, 0.9), plate, plate * rng.uniform(0.05, 0.6)),
            dirt=_soot(rng),
            see_through=float(rng.uniform(0.0, 0.9)),
            rim=float(rng.uniform(0.0, 0.35)),
            halo=float(rng.choice([0.0, rng.uniform(0.0, 0.12), rng.uniform(0.03, 0.15)])),
            pile_up=float(rng.choice([1.0, rng.uniform(0.0, 1.0), rng.uniform(0.0, 0.3)])),
            edge_um=float(rng.uniform(0.15, 0.6)),
        )


def _soot(rng: np.random.Generator) -> Colour:
    """Grey to black, now and then bluish or brown; purple is what platelets are."""
    dark = rng.uniform(0.5, 1.8)
    return (dark * rng.uniform(0.8, 1.2), dark * rng.uniform(0.8, 1.05), dark * rng.uniform(0.75, 1.2))


@dataclass(frozen=True, slots=True, eq=False)
class Plate:
    """A window of the smear before light falls through it.

    `density` is (height, width, 3) float32; `top` is (height, width) int32: 1 + the index in `smear.cells` of the counted
    cell that is seen at the pixel, 0 where there is none (debris does not hide a cell).
    """

    density: Density
    top: NDArray[np.int32]


def _body(rho: Density, inside: Density, cell: SmearCell, dx: Density, dy: Density, radius: Density, stain: Stain) -> Density:
    """A red cell's thickness relative to its rim's: the pallor in the middle, the bull's eye, the rim."""
    pale, c, s = cell.pallor, np.cos(cell.angle), np.sin(cell.angle)
    u = (dx * c + dy * s) / radius - pale.x
    v = (-dx * s + dy * c) / radius - pale.y
    middle = np.sqrt((u / np.sqrt(pale.stretch)) ** 2 + (v * np.sqrt(pale.stretch)) ** 2) / pale.radius
    body = 1.0 - pale.depth * np.exp(-(middle**4))
    if pale.bullseye:
        body += pale.bullseye * pale.depth * np.exp(-((middle * 2.2) ** 2))
    body += stain.rim * np.exp(-(((rho - 0.88) / 0.1) ** 2))
    return np.asarray(body * inside * cell.density, np.float32)


def _nucleus(cell: SmearCell, dx: Density, dy: Density, edge_um: float) -> Density:
    covered = np.zeros_like(dx)
    for lobe in cell.lobes:
        x, y = dx - lobe.x_um, dy - lobe.y_um
        c, s = np.cos(lobe.angle), np.sin(lobe.angle)
        rho = np.hypot((x * c + y * s) / lobe.long_um, (-x * s + y * c) / lobe.short_um)
        covered = np.maximum(covered, np.clip((1.0 - rho) * lobe.short_um / edge_um + 0.5, 0.0, 1.0))
    return np.asarray(covered, np.float32)


@dataclass(frozen=True, slots=True)
class _Grain:
    """A cell's texture: made for the whole cell (`side_px` square) and cut to what shows, so that windows agree."""

    seed: tuple[int, int]
    side_px: int
    left: int
    top: int
    um_per_px: float

    def over(self, shape: tuple[int, int], size_um: float) -> Density:
        """Smooth random texture with mean 0 and deviation 1, grains `size_um` wide."""
        coarse = max(2, int(self.side_px / max(1.0, size_um / self.um_per_px)))
        rough = np.random.default_rng(self.seed).standard_normal((coarse, coarse)).astype(np.float32)
        whole = cv2.resize(rough, (self.side_px, self.side_px), interpolation=cv2.INTER_CUBIC)
        return np.asarray(whole[self.top : self.top + shape[0], self.left : self.left + shape[1]], np.float32)


def stain_window(
    smear: Smear, stain: Stain, x_um: float, y_um: float, width_px: int, height_px: int, um_per_px: float, seed: int = 0
) -> Plate:
    """The window whose upper left corner lies at (`x_um`, `y_um`) on the glass, at `um_per_px` micrometres a pixel.

    What lies in two windows looks the same in both: a cell's texture comes from `seed` and its index.
    """
    density = np.zeros((height_px, width_px, 3), np.float32)
    top = np.zeros((height_px, width_px), np.int32)
    for index in smear.near(x_um, y_um, x_um + width_px * um_per_px, y_um + height_px * um_per_px):
        cell = smear.cells[index]
        reach = cell.reach_um + 1.5
        cx, cy = (cell.x_um - x_um) / um_per_px, (cell.y_um - y_um) / um_per_px
        span = reach / um_per_px
        left, up, side = int(np.floor(cx - span)), int(np.floor(cy - span)), int(2 * span) + 4
        x0, x1 = max(0, left), min(width_px, left + side)
        y0, y1 = max(0, up), min(height_px, up + side)
        if x0 >= x1 or y0 >= y1:
            continue
        xs = ((np.arange(x0, x1) - cx) * um_per_px).astype(np.float32)
        ys = ((np.arange(y0, y1) - cy) * um_per_px).astype(np.float32)
        dx, dy = np.broadcast_to(xs[None, :], (y1 - y0, x1 - x0)), np.broadcast_to(ys[:, None], (y1 - y0, x1 - x0))
        distance = np.hypot(dx, dy)
        turn = (np.arctan2(dy, dx) * (ANGLES / (2.0 * np.pi))).astype(np.int32) % ANGLES
        radius = cell.radii_um[turn]
        # A pixel is as fine as an edge gets: the ramp never falls below one pixel, which also antialiases.
        inside = np.clip((radius - distance) / max(stain.edge_um, um_per_px) + 0.5, 0.0, 1.0).astype(np.float32)
        patch, seen = density[y0:y1, x0:x1], top[y0:y1, x0:x1]
        grain = _Grain((seed, index), side, x0 - left, y0 - up, um_per_px)
        _lay(patch, cell, inside, dx, dy, distance, radius, stain, grain)
        if cell.kind is not Kind.DEBRIS:
            seen[inside > 0.5] = index + 1
    return Plate(density, top)


def _lay(
    patch: Density, cell: SmearCell, inside: Density, dx: Density, dy: Density, distance: Density, radius: Density,
    stain: Stain, grain: _Grain,
) -> None:  # fmt: skip
    """Add one cell's density to the window, over what lies beneath it."""
    rgb = np.array
    match cell.kind:
        case Kind.RBC:
            body = _body(distance / radius, inside, cell, dx, dy, radius, stain)
            patch *= (1.0 - inside * (1.0 - stain.see_through))[..., None]
            above = body[..., None] * rgb(stain.red, np.float32)
            denser = np.abs(above) >= np.abs(patch)
            patch[...] = np.where(denser, above + stain.pile_up * patch, patch + stain.pile_up * above)
            if stain.halo:
                ring = np.exp(-(((distance - radius - 0.45) / 0.3) ** 2)).astype(np.float32) * (1.0 - inside)
                patch -= stain.halo * ring[..., None]
        case Kind.WBC if cell.shape is Shape.SMUDGE:
            fine = np.clip(1.0 + 0.4 * grain.over(inside.shape, 0.8), 0.2, 2.0)
            patch += (inside * fine * cell.density)[..., None] * rgb(stain.nucleus, np.float32)
        case Kind.WBC:
            fine = 1.0 + 0.18 * grain.over(inside.shape, 0.6)
            nucleus = _nucleus(cell, dx, dy, max(0.35, grain.um_per_px)) * inside
            colour = stain.granules if cell.shape is Shape.EOSINOPHIL else stain.cytoplasm
            patch *= (1.0 - inside * 0.85)[..., None]
            patch += (inside * (1.0 - nucleus) * fine * cell.density)[..., None] * rgb(colour, np.float32)
            patch += (nucleus * (0.5 + 0.5 * fine) * cell.density)[..., None] * rgb(stain.nucleus, np.float32)
        case Kind.PLT:
            fine = 1.0 + 0.35 * grain.over(inside.shape, 0.4)
            patch *= (1.0 - inside * 0.6)[..., None]
            patch += (inside * np.clip(fine, 0.2, 2.0) * cell.density)[..., None] * rgb(stain.platelet, np.float32)
        case Kind.DEBRIS:
            patch += (inside * cell.density)[..., None] * rgb(stain.dirt, np.float32)
