"""Boxes of cells in one CSV file: image, split, label, xmin, ymin, xmax, ymax in pixels."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from export.datasets.sample import Box
from export.datasets.tables import read_rows, values_of

LABELS = {"RBC": "rbc", "WBC": "wbc", "Platelets": "plt"}


def read_boxes_table(path: Path) -> list[tuple[str, str, tuple[Box, ...]]]:
    """Every picture's name, split and boxes, by name; a box that is listed twice is one cell. Raises DatasetError, which names
    the file and what is wrong."""
    boxes: dict[tuple[str, str], list[Box]] = defaultdict(list)
    with values_of(path):
        for row in read_rows(path, ("image", "split", "label", "xmin", "ymin", "xmax", "ymax")):
            corners = (round(float(row[corner])) for corner in ("xmin", "ymin", "xmax", "ymax"))
            boxes[row["image"], row["split"]].append(Box(LABELS[row["label"]], *corners))
    return [(name, split, tuple(dict.fromkeys(found))) for (name, split), found in sorted(boxes.items())]
