"""How far the estimated red cell diameter is off, where a labelled set gives one to compare with."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from edge.counting.counter import FieldCounter
from edge.counting.errors import CountingError
from export.datasets import allidb1, cbc, txl
from export.datasets.box_sizes import boxed_diameter_px
from export.datasets.sample import Sample

OUTLINE_PX = 5.0 / 2592
"""ALL-IDB1's outlines are 5 px wide on fields of 2592 px: (mask minus outline) lacks that of a cell's diameter."""
LEAST_CELLS = 3
FAR = 10.0


@dataclass(frozen=True, slots=True)
class ScaleRow:
    """Errors in percent of the reference: the median of the absolute ones, the share that is beyond 10 %, the median of the
    signed ones. What could not be counted is unknown, and beyond 10 %."""

    corpus: str
    split: str
    fields: int
    unknown: int
    median: float
    far: float
    bias: float


def reference_diameter_px(sample: Sample) -> float | None:
    """The red cell diameter by the labels: the median box (CBC, TXL-PBC) or the median piece of the mask that fills its square
    as a disc does, pi / 4 of it (ALL-IDB1); None where there are fewer than three."""
    if sample.boxes:
        return boxed_diameter_px(sample, LEAST_CELLS)
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


def scale_table(data: Path, counter: FieldCounter) -> list[ScaleRow]:
    """The errors by set and split, of every field with a reference, at the scale that `counter` takes. Raises DatasetError."""
    errors: dict[tuple[str, str], list[float | None]] = {}
    samples: Iterable[Sample] = [
        *allidb1.read(data / "allidb1"), *cbc.read(data / "cbc"), *(txl.read(data / "txl") if (data / "txl").exists() else ()),
    ]  # fmt: skip
    for sample in samples:
        reference = reference_diameter_px(sample)
        if reference is None:
            continue
        try:
            error = 100.0 * (counter.see(sample.pixels()).scale.cell_diameter_px / reference - 1.0)
        except CountingError:
            error = None
        errors.setdefault((sample.corpus, sample.split), []).append(error)
    return [_row(corpus, split, found) for (corpus, split), found in sorted(errors.items())]


def _row(corpus: str, split: str, found: list[float | None]) -> ScaleRow:
    known = np.array([error for error in found if error is not None])
    middle, bias = (float(np.median(one)) if known.size else float("nan") for one in (np.abs(known), known))
    far = 100.0 * (1.0 - float((np.abs(known) <= FAR).sum()) / len(found))
    return ScaleRow(corpus, split, len(found), len(found) - int(known.size), middle, far, bias)
