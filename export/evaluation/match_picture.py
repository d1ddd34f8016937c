"""A field with its labels and what was found drawn over each other."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from edge.counting.cell import CellClass
from export.evaluation.matched_fields import MatchedField

LONG_SIDE_PX = 1200
RIGHT, FALSE, MISSED = (0, 158, 115), (213, 94, 0), (0, 114, 178)
"""Okabe and Ito's palette; a false cell has a cross, a missed one a square, so that colour is not all that tells."""


def draw_matching(field: MatchedField) -> NDArray[np.uint8]:
    """(height, width, 3) uint8 RGB: labels as thin white ellipses, cells found as dots, what is false as crosses with the
    reason, what was missed as squares."""
    pixels = field.question.pixels()
    zoom = max(1, round(LONG_SIDE_PX / max(pixels.shape[:2])))
    canvas = np.asarray(cv2.resize(pixels, None, fx=zoom, fy=zoom, interpolation=cv2.INTER_CUBIC), np.uint8)
    labels = field.question.cells
    assert labels is not None

    def at(point: NDArray[np.float64]) -> tuple[int, int]:
        x, y = ((point + 0.5) * zoom - 0.5).tolist()
        return round(x), round(y)

    for kind, matching in field.by_class.items():
        truth = labels.by_class[kind]
        for index, (centre, size) in enumerate(zip(truth.centres, truth.sizes, strict=True)):
            axes = (max(1, round(size[0] * zoom / 2)), max(1, round(size[1] * zoom / 2)))
            cv2.ellipse(canvas, at(centre), axes, 0, 0, 360, (255, 255, 255), 1, cv2.LINE_AA)
            if index in matching.missed:
                x, y = at(centre)
                cv2.rectangle(canvas, (x - 7, y - 7), (x + 7, y + 7), MISSED, 2)
        found = np.array([(cell.x, cell.y) for cell in field.cells if cell.cell_class is kind], float).reshape(-1, 2)
        for index, point in enumerate(found):
            if index in matching.false:
                cv2.drawMarker(canvas, at(point), FALSE, cv2.MARKER_TILTED_CROSS, 16, 2)
                word = f"{kind.value} {matching.false[index].value}"
                beside = at(point + np.array([3.0, -3.0]))
                cv2.putText(canvas, word, beside, cv2.FONT_HERSHEY_SIMPLEX, 0.4, FALSE, 1, cv2.LINE_AA)
            else:
                cv2.circle(canvas, at(point), 3 if kind is CellClass.RBC else 5, RIGHT, -1, cv2.LINE_AA)
    return canvas
