"""A counted picture as `hemocam count --json` writes it."""

from __future__ import annotations

from pathlib import Path

from edge.cells.differential import NO_BLASTS, NOT_WHITE, UNSURE, Differential, types_of
from edge.cells.shape import shape_of
from edge.counting.cell import Cell
from edge.counting.field_count import FieldCount
from edge.loop.single_picture import CountedPicture
from edge.optics.verdict import Rejected


def as_json(still: CountedPicture, model: str, model_sha256: str, runtime: str) -> dict[str, object]:
    """The picture's result as JSON holds it, in the source picture's pixels. What is unknown is null, never 0."""
    count, quality = still.count, still.verdict.quality
    rejected = still.verdict if isinstance(still.verdict, Rejected) else None
    height_px, width_px = still.pixels.shape[:2]
    return {
        "source": str(still.path),
        "error": None,
        "width": width_px,
        "height": height_px,
        "counts": None if count is None else {kind.value: number for kind, number in count.counts.items()},
        "intervals": None if count is None else {
            kind.value: [known.low, known.high] for kind, known in count.intervals.items()
        },
        "marks": None if count is None else [{"reason": mark.reason.value, "text": mark.text} for mark in count.marks],
        "counting_frame": None if count is None else _counting_frame(count, still.um_per_px),
        "cells": [] if count is None else [_cell(cell) for cell in count.cells],
        "classifier": count.classifier or None if count is not None else None,
        "differential": None if count is None or not count.classifier else _differential(count),
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


def failure_as_json(path: Path, reason: str, model: str, model_sha256: str, runtime: str) -> dict[str, object]:
    """A picture that could not be read or counted, with the same keys; `error` says why, all that is unknown is null."""
    return {
        "source": str(path), "error": reason, "width": None, "height": None, "counts": None, "intervals": None, "marks": None,
        "counting_frame": None, "cells": [], "classifier": None, "differential": None, "scale": None,
        "gate": None, "border_rule": None, "methods": None,
        "by_method": None, "model": {"name": model, "sha256": model_sha256}, "runtime": runtime, "ms": None,
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
    shape = None if cell.border else shape_of(cell.outline)
    return {
        "class": cell.cell_class.value, "x": round(cell.x, 2), "y": round(cell.y, 2), "diameter_px": round(cell.diameter_px, 2),
        "area_px": round(cell.area_px, 1), "border": cell.border, "confidence": round(cell.confidence, 4),
        "circularity": None if shape is None else round(shape.circularity, 3),
        "elongation": None if shape is None else round(shape.elongation, 3),
        "type": None if cell.type is None else cell.type.name or UNSURE,
        "type_probability": None if cell.type is None else round(cell.type.probability, 4),
    }  # fmt: skip


def _differential(count: FieldCount) -> dict[str, object]:
    """See edge.cells.differential; shares are of the white cells, with their exact 95 % intervals."""
    found = Differential.of(types_of(count.cells))
    return {
        "white_cells": found.white,
        "types": {
            row.name: {"cells": row.cells, "share": round(row.share, 4), "interval": [round(row.low, 4), round(row.high, 4)]}
            for row in found.rows
        },
        "not_white": {name: found.cells[name] for name in NOT_WHITE if name in found.cells},
        "asks": found.asks,
        "note": NO_BLASTS,
    }
