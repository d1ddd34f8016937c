"""How far the estimated red cell diameter is off, where a labelled set gives one to compare with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.counting.errors import ScaleUnknown
from edge.counting.scale import estimate_cell_diameter
from export.datasets import allidb1, cbc
from export.datasets.sample import Sample

OUTLINE_PX = 5.0 / 2592
"""ALL-IDB1's outlines are 5 px wide on fields of 2592 px: (mask minus outline) lacks that of a cell's diameter."""
LEAST_CELLS = 3


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """Errors in percent of the reference: median and 90th percentile of the absolute ones, median of the signed ones."""

    corpus: str
    split: str
    fields: int
    unknown: int
    median: float
    percentile_90: float
    bias: float


def reference_diameter_px(sample: Sample) -> float | None:
    """The red cell diameter by the labels: the median box (CBC) or the median piece of the mask that fills its square as a disc
    does, pi / 4 of it (ALL-IDB1); None where there are fewer than three."""
    if sample.corpus == cbc.CORPUS:
        boxes = [b for b in sample.boxes if b.label == "rbc" and b.left > 2 and b.top > 2 and b.right < 638 and b.bottom < 478]
        sides = [0.5 * (box.right - box.left + box.bottom - box.top) for box in boxes]
        return float(np.median(sides)) if len(sides) >= LEAST_CELLS else None
    if "rbc" not in sample.masks:
        return None
    red = sample.mask("rbc")
    outlined = "edge" in sample.masks
    inner = (red & ~sample.mask("edge") if outlined else red).astype(np.uint8)
    contours, _ = cv2.findContours(inner, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    areas = []
    for contour in contours:
        area, (_, _, width, height) = cv2.contourArea(contour), cv2.boundingRect(contour)
        if area > 200 and 0.72 < area / (height * width) < 0.85 and 0.8 < height / width < 1.25:
            areas.append(area)
    if len(areas) < LEAST_CELLS:
        return None
    return float(2.0 * np.sqrt(np.median(areas) / np.pi) + (OUTLINE_PX * red.shape[1] if outlined else 0.0))


def scale_table(data: Path) -> list[ScaleRow]:
    """The errors by set and split, of every field with a reference. Raises DatasetError."""
    errors: dict[tuple[str, str], list[float | None]] = {}
    samples: Iterable[Sample] = [*allidb1.read(data / "allidb1"), *cbc.read(data / "cbc")]
    for sample in samples:
        reference = reference_diameter_px(sample)
        if reference is None:
            continue
        try:
            error = 100.0 * (estimate_cell_diameter(sample.pixels()).cell_diameter_px / reference - 1.0)
        except ScaleUnknown:
            error = None
        errors.setdefault((sample.corpus, sample.split), []).append(error)
    return [_row(corpus, split, found) for (corpus, split), found in sorted(errors.items())]


def _row(corpus: str, split: str, found: list[float | None]) -> ScaleRow:
    known = np.array([error for error in found if error is not None])
    middle, high = np.percentile(np.abs(known), (50, 90)) if known.size else (np.nan, np.nan)
    bias = float(np.median(known)) if known.size else float("nan")
    return ScaleRow(corpus, split, len(found), len(found) - int(known.size), float(middle), float(high), bias)
