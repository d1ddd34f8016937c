"""Complete Blood Count set (Alam and Islam, Healthcare Technology Letters 6(4), 2019; MIT): boxes of cells, 640x480."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

from export.datasets.sample import Box, Sample, read_rows, values_of

CORPUS = "cbc"
HELD_OUT = range(280, 339)
"""Fields of the corpus' `train` split that tune and choose (`val`)."""
LABELS = {"RBC": "rbc", "WBC": "wbc", "Platelets": "plt"}


def read(root: Path) -> list[Sample]:
    """The fields under `root` (`images/`, `boxes.csv`), all splits. Raises DatasetError.

    About half of the visible red cells carry a box, so `counts` holds white cells and platelets alone.
    """
    boxes: dict[tuple[str, str], list[Box]] = defaultdict(list)
    with values_of(root / "boxes.csv"):
        for row in read_rows(root / "boxes.csv", ("image", "split", "label", "xmin", "ymin", "xmax", "ymax")):
            corners = (int(row["xmin"]), int(row["ymin"]), int(row["xmax"]), int(row["ymax"]))
            boxes[row["image"], row["split"]].append(Box(LABELS[row["label"]], *corners))
        return [
            Sample(
                CORPUS,
                "val" if split == "train" and int(name.rpartition("_")[2]) in HELD_OUT else split,
                name,
                root / "images" / f"{name}.jpg",
                counts={kind: sum(box.label == kind for box in found) for kind in ("wbc", "plt")},
                boxes=tuple(found),
            )
            for (name, split), found in sorted(boxes.items())
        ]
