"""Chula RBC-12 (Naruenatthanaset et al., arXiv:2012.01321; MIT): 640x480 fields with a point on every labelled red cell."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import numpy as np

from export.datasets.sample import Sample, read_rows, values_of

CORPUS = "chula"
HELD_OUT = (range(38, 61), range(324, 346))
"""Blocks of neighbouring fields of the corpus' `train` split that tune and choose (`val`); neighbours share a slide."""
TWINS = frozenset({35, 251, 457, 600, 607, 608, 610, 611})
"""Fields of the corpus' `test` split that show the same place of a slide as one of its `train` split (found by registering
every pair of fields): they are `twin` here, and neither train nor test."""


def read(root: Path) -> list[Sample]:
    """The fields under `root` (`images/`, `images.csv`, `cells.csv`), all splits. Raises DatasetError."""
    points: dict[str, list[tuple[float, float]]] = defaultdict(list)
    types: dict[str, list[int]] = defaultdict(list)
    with values_of(root / "cells.csv"):
        for row in read_rows(root / "cells.csv", ("image", "x", "y", "type")):
            points[row["image"]].append((float(row["x"]), float(row["y"])))
            types[row["image"]].append(int(row["type"]))
    samples = []
    with values_of(root / "images.csv"):
        for row in read_rows(root / "images.csv", ("image", "split", "complete")):
            name, complete = row["image"], row["complete"] == "yes"
            held_out = row["split"] == "train" and any(int(name) in block for block in HELD_OUT)
            split = "val" if held_out else "twin" if row["split"] == "test" and int(name) in TWINS else row["split"]
            samples.append(
                Sample(
                    CORPUS,
                    split,
                    name,
                    root / "images" / f"{name}.jpg",
                    counts={"rbc": len(points[name])} if complete else {},
                    points=np.array(points[name], np.float32).reshape(-1, 2),
                    types=tuple(types[name]),
                    complete=complete,
                )
            )
    return samples
