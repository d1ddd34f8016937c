"""One labelled field or crop, the same for every corpus."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from export.datasets.blood_report import BloodReport
from export.datasets.errors import DatasetError
from export.datasets.pictures import WhiteIs, mask_to_cut, picture_to_cut, read_mask, read_picture, size_of

__all__ = ["Box", "DatasetError", "MaskFile", "Region", "Sample"]


@dataclass(frozen=True, slots=True)
class Box:
    """A labelled rectangle in pixels, right and bottom excluded."""

    label: str
    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Region:
    """The part of a file that a sample is, in pixels; it may reach over the border, but must touch the picture."""

    left: int
    top: int
    width: int
    height: int

    def __post_init__(self) -> None:
        if self.width < 1 or self.height < 1:
            raise ValueError(f"a region of {self.width}x{self.height} pixels is empty")

    def misses(self, width: int, height: int) -> bool:
        """Whether no pixel of a picture of this size lies inside."""
        return self.left >= width or self.top >= height or self.left + self.width <= 0 or self.top + self.height <= 0


@dataclass(frozen=True, slots=True)
class MaskFile:
    """A mask's file, and what its white means (AneRBC paints the background white)."""

    path: Path
    white_is: WhiteIs = "cells"


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """A field or a crop and what is known of it.

    `counts` holds what somebody counted, by class (`rbc`, `wbc`, `plt`): an absent class was not counted. `points` is (n, 2)
    float32 x, y of labelled red cells, `types` their corpus' own numbers; `complete` says whether every cell has one. `boxes`
    and `masks` (`rbc`, `wbc`, `plt`, and `edge` for the red cells' outlines) are what other corpora give.

    `group` is the slide or patient: what shares one never lies on two sides of a split; "" where nothing is known, the
    sample then stands for itself. `scanner` is the microscope or scanner. `label` is the class of a crop, or of a whole
    picture (`healthy`, `anaemic`). `region` is the part of the file that the sample is; None is all of it. `report` is what
    the laboratory wrote.
    """

    corpus: str
    split: str
    name: str
    path: Path
    counts: Mapping[str, int] = field(default_factory=dict)
    points: NDArray[np.float32] = field(default_factory=lambda: np.zeros((0, 2), np.float32))
    types: tuple[int, ...] = ()
    complete: bool = False
    boxes: tuple[Box, ...] = ()
    masks: Mapping[str, MaskFile] = field(default_factory=dict)
    group: str = ""
    scanner: str = ""
    label: str | None = None
    region: Region | None = None
    report: BloodReport | None = None
    diameter_px: float | None = None
    """A red cell's diameter in the file, where the corpus is all of one scale."""

    def pixels(self) -> NDArray[np.uint8]:
        """The picture, (height, width, 3) uint8 RGB; what a region has outside of the file is mirrored.

        Raises DatasetError where it is missing, truncated or no picture, or where the region lies outside of it.
        """
        if self.region is None:
            return read_picture(self.path)
        return self._cut(picture_to_cut(self.path), self.region)

    def mask(self, name: str) -> NDArray[np.bool_]:
        """A mask as (height, width) bool, True where cells are; with a region as `pixels` cuts it.

        Raises DatasetError where it is missing or cannot be read, or has another size than the picture.
        """
        if name not in self.masks:
            raise DatasetError(f"{self.path} has no mask {name}; it has {', '.join(self.masks) or 'none'}")
        file = self.masks[name]
        cells = (read_mask if self.region is None else mask_to_cut)(file.path, file.white_is)
        width, height = size_of(self.path)
        if cells.shape != (height, width):
            raise DatasetError(
                f"{file.path} is {cells.shape[1]}x{cells.shape[0]} pixels, its picture {self.path} {width}x{height}; "
                "one of the two is another field's, or was scaled"
            )
        if self.region is None:
            return cells
        return np.asarray(self._cut(cells.astype(np.uint8), self.region) > 0)

    def _cut(self, whole: NDArray[np.uint8], region: Region) -> NDArray[np.uint8]:
        height, width = whole.shape[:2]
        if region.misses(width, height):
            raise DatasetError(f"{self.path} is {width}x{height} pixels, {region} lies outside of it")
        return whole[np.ix_(_mirrored(region.top, region.height, height), _mirrored(region.left, region.width, width))]


def _mirrored(start: int, length: int, size: int) -> NDArray[np.intp]:
    """The pixels from `start` on as indices into an axis of `size`, mirrored about its ends (the end pixel twice)."""
    folded = np.arange(start, start + length) % (2 * size)
    return np.where(folded < size, folded, 2 * size - 1 - folded)
