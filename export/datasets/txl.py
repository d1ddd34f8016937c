"""TXL-PBC (Gan and Li, arXiv:2407.13214; MIT): small pictures round one white cell, with a box on every cell.

`pbc_*` are of a CellaVision DM96 in Barcelona (Acevedo et al., 2020; CC BY 4.0), `raabin_*` of a phone on two microscopes in
Tehran (Raabin-WBC, Kouzehkanan et al., 2022). Overlapping cells have a box each, cells at the border as far as they show.
"""

from __future__ import annotations

from pathlib import Path

from export.datasets.box_table import read_boxes_table
from export.datasets.sample import Sample

CORPUS = "txl"
SCANNERS = ("pbc", "raabin")


def read(root: Path) -> list[Sample]:
    """The pictures under `root` (`images/`, `boxes.csv`), all splits; `scanner` is `pbc` or `raabin`. Raises DatasetError."""
    return [
        Sample(
            CORPUS, split, name, root / "images" / f"{name}.jpg", boxes=boxes, complete=True, group=name,
            counts={kind: sum(box.label == kind for box in boxes) for kind in ("rbc", "wbc", "plt")},
            scanner=name.partition("_")[0],
        )
        for name, split, boxes in read_boxes_table(root / "boxes.csv")
    ]  # fmt: skip
