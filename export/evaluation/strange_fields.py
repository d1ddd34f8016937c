"""Pictures that should not pass as a count without a word: what a model says of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.errors import CountingError
from edge.smear.imaging import Imaging, expose
from edge.smear.slide import SmearRecipe, make_smear
from edge.smear.staining import Stain, stain_window
from engines.contract import InferenceFailed
from export.evaluate import Question

Pixels = NDArray[np.uint8]
Fit = Callable[[Pixels, float | None], bool]
"""The gate's word on a picture, whose red cell diameter in pixels is known or not."""
DEFOCUS = 0.2
"""Standard deviation of the blur, in red cell diameters: rims are then half a cell wide."""
THICK_FIELDS = 20
THICK_DENSITY = 500.0
"""Red cells of a thick film, on 10,000 square micrometres: they would cover the glass twice over; training saw half of that."""
SKIMAGE = ("astronaut", "coffee", "chelsea", "rocket", "immunohistochemistry", "retina", "camera", "coins", "page", "grass",
           "gravel", "brick", "moon")  # fmt: skip
"""Samples that scikit-image ships, each under a free licence (its data/README.txt): photographs, textures, one histology."""


@dataclass(frozen=True, slots=True)
class DoubtRow:
    """Of `fields` pictures of a kind, how many the gate or the scale refused, how many were counted with a mark, by reason,
    and how many passed without a word."""

    kind: str
    fields: int
    refused: int
    marked: int
    silent: int
    reasons: Mapping[str, int]


def doubt_row(
    kind: str,
    pictures: Iterable[tuple[Pixels, CountingSettings]],
    counter: Callable[[CountingSettings], FieldCounter],
    fit: Fit,
) -> DoubtRow:
    """Put each picture ((height, width, 3) uint8 RGB), as its plan has it, through gate and counter as `hemocam count` does."""
    refused, silent, number = 0, 0, 0
    reasons: dict[str, int] = {}
    for pixels, plan in pictures:
        number += 1
        said = _said(pixels, fit, counter(plan))
        refused += said is None
        silent += said == ()
        for reason in said or ():
            reasons[reason] = reasons.get(reason, 0) + 1
    return DoubtRow(kind, number, refused, number - refused - silent, silent, dict(sorted(reasons.items())))


def _said(pixels: Pixels, fit: Fit, counter: FieldCounter) -> tuple[str, ...] | None:
    """The marks' reasons; None where the picture was refused."""
    if not fit(pixels, None):
        return None
    try:
        count = counter.count(pixels)
    except (CountingError, InferenceFailed):
        return None
    if not fit(pixels, count.scale.cell_diameter_px):
        return None
    return tuple(mark.reason.value for mark in count.marks)


def strange(fields: Sequence[Question]) -> Iterator[tuple[str, Iterator[tuple[Pixels, CountingSettings]]]]:
    """Kinds of strange pictures, made of labelled `fields` where a field can be spoiled."""
    plain = CountingSettings()
    known = [one for one in fields if one.cells is not None]

    def each(change: Callable[[Pixels, float], Pixels]) -> Iterator[tuple[Pixels, CountingSettings]]:
        return ((change(one.pixels(), one.cells.diameter_px), plain) for one in known if one.cells is not None)

    def scaled(factor: float) -> Iterator[tuple[Pixels, CountingSettings]]:
        for one in known:
            if one.cells is not None:
                yield one.pixels(), replace(plain, cell_diameter_px=factor * one.cells.diameter_px)

    yield "defocused", each(lambda pixels, diameter_px: _blurred(pixels, DEFOCUS * diameter_px))
    yield "given twice the scale", scaled(2.0)
    yield "given half the scale", scaled(0.5)
    yield "overexposed", each(lambda pixels, _: np.clip(pixels.astype(np.float32) * 1.9 + 20.0, 0, 255).astype(np.uint8))
    yield "unstained", each(_unstained)
    yield "thick film (rendered)", ((_thick(seed), plain) for seed in range(THICK_FIELDS))
    yield "empty glass", ((_glass(seed), plain) for seed in range(THICK_FIELDS))
    yield "photographs, textures, histology", ((pixels, plain) for pixels in _samples())


def _blurred(pixels: Pixels, sigma_px: float) -> Pixels:
    return np.asarray(cv2.GaussianBlur(pixels, (0, 0), sigma_px), np.uint8)


def _unstained(pixels: Pixels, _: float) -> Pixels:
    """The cells' shapes in faint grey on bright glass."""
    grey = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32)
    faint = np.clip(225.0 + 0.12 * (grey - 200.0), 0, 255).astype(np.uint8)
    return np.repeat(faint[..., None], 3, axis=2)


def _thick(seed: int) -> Pixels:
    """A window of a smear where red cells lie over each other everywhere."""
    rng = np.random.default_rng(970_000 + seed)
    recipe = replace(SmearRecipe.random(rng), red_density=THICK_DENSITY, stacked=0.95, red_spacing=0.4)
    um_per_px = recipe.red_diameter_um / 40.0
    smear = make_smear(seed, 640 * um_per_px + 20, 480 * um_per_px + 20, recipe)
    plate = stain_window(smear, Stain.random(rng), 10.0, 10.0, 640, 480, um_per_px, seed)
    return expose(plate.density, Imaging.random(rng), um_per_px, rng)


def _glass(seed: int) -> Pixels:
    rng = np.random.default_rng(seed)
    level = rng.uniform(190, 235, 3)
    return np.clip(level + rng.normal(0.0, 2.5, (480, 640, 3)), 0, 255).astype(np.uint8)


def _samples() -> Iterator[Pixels]:
    from skimage import data  # noqa: PLC0415  # of the export extra, and slow to import

    for name in SKIMAGE:
        picture = np.asarray(getattr(data, name)())
        yield np.ascontiguousarray(
            np.repeat(picture[..., None], 3, axis=2) if picture.ndim == 2 else picture[..., :3], np.uint8
        )
