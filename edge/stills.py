"""Pictures on disk, counted one by one, each a field of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from edge.cameras.images import read_still
from edge.counting.cells import Cell
from edge.counting.counter import FieldCounter
from edge.counting.field_count import FieldCount
from edge.frame import Pixels
from edge.optics.gate import Gate
from edge.optics.verdict import Rejected, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class Still:
    """A picture and what was found in it; `count` is None where the gate refused it: unknown, not zero."""

    path: Path
    pixels: Pixels
    verdict: Verdict
    count: FieldCount | None
    um_per_px: float | None
    ms: dict[str, float]


def count_still(path: Path, gate: Gate, counter: FieldCounter, um_per_px: float | None) -> Still:
    """Read, judge and count one picture. Raises FrameUnreadable, InferenceFailed, CountingError, each naming what failed.

    Focus can be judged only once the cells' size is known, so that the gate is asked again after counting.
    """
    start = perf_counter()
    pixels = read_still(path)
    read = perf_counter()
    verdict = gate.judge(pixels, None)
    judged = perf_counter()
    ms = {"read": 1000.0 * (read - start), "gate": 1000.0 * (judged - read)}
    if isinstance(verdict, Rejected):
        return Still(path, pixels, verdict, None, um_per_px, ms)
    count = counter.count(pixels, um_per_px)
    ms |= count.ms
    start = perf_counter()
    verdict = gate.judge(pixels, count.scale.cell_diameter_px)
    ms["gate"] += 1000.0 * (perf_counter() - start)
    return Still(path, pixels, verdict, None if isinstance(verdict, Rejected) else count, um_per_px, ms)


def as_json(still: Still, model: str, model_sha256: str, runtime: str) -> dict[str, object]:
    """The picture's result as JSON holds it, in the source picture's pixels. What is unknown is null, never 0."""
    count, quality = still.count, still.verdict.quality
    rejected = still.verdict if isinstance(still.verdict, Rejected) else None
    height_px, width_px = still.pixels.shape[:2]
    return {
        "source": str(still.path),
        "width": width_px,
        "height": height_px,
        "counts": None if count is None else {kind.value: number for kind, number in count.counts.items()},
        "intervals": None if count is None else {
            kind.value: [known.low, known.high] for kind, known in count.intervals.items()
        },
        "marks": None if count is None else [{"reason": mark.reason.value, "text": mark.text} for mark in count.marks],
        "counting_frame": None if count is None else _counting_frame(count, still.um_per_px),
        "cells": [] if count is None else [_cell(cell) for cell in count.cells],
        "scale": None if count is None else {
            "cell_diameter_px": round(count.scale.cell_diameter_px, 2), "spread": round(count.scale.spread, 4),
            "source": count.scale.source.value, "um_per_px": still.um_per_px,
        },
        "gate": {
            "accepted": rejected is None, "reason": rejected.reason.value if rejected else None,
            "advice": rejected.advice if rejected else None, "focus": round(quality.focus, 3),
            "brightness": round(quality.brightness, 4), "contrast": round(quality.contrast, 4),
            "saturated": round(quality.saturated, 4),
        },
        "border_rule": None if count is None else count.border_rule.value,
        "methods": None if count is None else {kind.value: method.value for kind, method in count.methods.items()},
        "by_method": None if count is None else {
            kind.value: {method.value: number for method, number in found.items()} for kind, found in count.by_method.items()
        },
        "model": {"name": model, "sha256": model_sha256},
        "runtime": runtime,
        "ms": {stage: round(ms, 2) for stage, ms in still.ms.items()},
    }  # fmt: skip


def _counting_frame(count: FieldCount, um_per_px: float | None) -> dict[str, object]:
    """What totals per area are made of: see edge.counting.border."""
    known = {
        "counts": {kind.value: number for kind, number in count.in_frame.items()},
        "area_px": round(count.frame_area_px, 1),
    }
    if um_per_px is None:
        return known
    area_mm2 = count.frame_area_px * (um_per_px / 1000.0) ** 2
    per_mm2 = {kind.value: round(number, 1) for kind, number in count.per_mm2(um_per_px).items()}
    return {**known, "area_mm2": round(area_mm2, 6), "per_mm2": per_mm2}


def _cell(cell: Cell) -> dict[str, object]:
    return {
        "class": cell.cell_class.value, "x": round(cell.x, 2), "y": round(cell.y, 2), "diameter_px": round(cell.diameter_px, 2),
        "area_px": round(cell.area_px, 1), "border": cell.border, "confidence": round(cell.confidence, 4),
    }  # fmt: skip
