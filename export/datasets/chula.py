"""Chula RBC-12 (Naruenatthanaset et al., arXiv:2012.01321; MIT): 640x480 fields with a point on every labelled red cell."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from export.datasets.sample import Sample, read_rows

CORPUS = "chula"
HELD_OUT = (range(38, 61), range(324, 346))
"""Blocks of neighbouring fields of the corpus' `train` split that tune and choose (`val`); neighbours share a slide."""


def read(root: Path) -> list[Sample]:
    """The fields under `root` (`images/`, `images.csv`, `cells.csv`), all splits. Raises DatasetError."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    types: dict[str, list[int]] = defaultdict(list)
    for row in read_rows(root / "cells.csv", ("image", "x", "y", "type")):
        points[row["image"]].append((float(row["x"]), float(row["y"])))
        types[row["image"]].append(int(row["type"]))
    samples = []
    for row in read_rows(root / "images.csv", ("image", "split", "complete")):
        name, complete = row["image"], row["complete"] == "yes"
        held_out = row["split"] == "train" and any(int(name) in block for block in HELD_OUT)
        samples.append(
            Sample(
                CORPUS,
                "val" if held_out else row["split"],
                name,
                root / "images" / f"{name}.jpg",
                counts={"rbc": len(points[name])} if complete else {},
                points=np.array(points[name], np.float32).reshape(-1, 2),
                types=tuple(types[name]),
                complete=complete,
            )  # fmt: skip
        )
    return samples
