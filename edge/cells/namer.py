"""Cells that were counted, by the kind that a classifier takes each for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import hypot

import numpy as np

from edge.counting.cell import Cell, CellClass, CellType
from edge.counting.field_count import FieldCount
from edge.frame import Pixels
from engines.classifier import Classifier
from engines.contract import ManifestInvalid
from engines.crop import Cropping, balanced, crop

APART = 0.45
"""Two cells whose centres are nearer than this share of the sum of their diameters lie in a clump."""


class Namer:
    """Names the cells of one class with one classifier."""

    def __init__(self, classifier: Classifier) -> None:
        """Raises ManifestInvalid where the manifest does not say which cells it names and how they are cut."""
        manifest = classifier.manifest
        if manifest.names is None or manifest.diameters is None:
            raise ManifestInvalid(
                f"{manifest.name}: its manifest does not say which cells it names and how wide its crops are (names, diameters)"
            )
        self.cell_class = CellClass(manifest.names)
        self._classifier = classifier
        self._cropping = Cropping(manifest.side_px, manifest.diameters, manifest.masked)

    @property
    def types(self) -> tuple[str, ...]:
        """All that it can say."""
        return self._classifier.manifest.classes

    @property
    def stamp(self) -> str:
        """What names the cells, for the record."""
        return self._classifier.stamp

    def typed(self, pixels: Pixels, count: FieldCount) -> FieldCount:
        """`count` with a type on each cell of the class that stands alone and whole in (height, width, 3) uint8 RGB `pixels`.
        A cell that the border cuts, or that lies in a clump, keeps none. Raises InferenceFailed."""
        chosen = [index for index, cell in enumerate(count.cells) if cell.cell_class is self.cell_class and not cell.border]
        clumped = _clumped([count.cells[index] for index in chosen])
        chosen = [index for index, close in zip(chosen, clumped, strict=True) if not close]
        if not chosen:
            return replace(count, classifier=self.stamp)
        field, diameter_px = balanced(pixels), count.scale.cell_diameter_px
        crops = [self._crop(field, count.cells[index], diameter_px) for index in chosen]
        cells = list(count.cells)
        for index, row in zip(chosen, self._classifier.probabilities(np.stack(crops)), strict=True):
            cells[index] = replace(cells[index], type=self._type(row.tolist()))
        return replace(count, cells=tuple(cells), classifier=self.stamp)

    def _crop(self, field: Pixels, cell: Cell, diameter_px: float) -> Pixels:
        outline = cell.outline if self._cropping.masked else None
        return crop(field, cell.x, cell.y, diameter_px, self._cropping, outline)

    def _type(self, probabilities: Sequence[float]) -> CellType:
        name, probability = self._classifier.manifest.named(probabilities)
        return CellType(name, probability)


def _clumped(cells: Sequence[Cell]) -> list[bool]:
    return [
        any(
            one is not other
            and hypot(one.x - other.x, one.y - other.y) < APART * (one.diameter_px + other.diameter_px)
            for other in cells
        )
        for one in cells
    ]  # fmt: skip
