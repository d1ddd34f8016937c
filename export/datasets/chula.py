"""Chula RBC-12 (Naruenatthanaset et al., arXiv:2012.01321; MIT): 640x480 fields with a point on every labelled red cell."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from pathlib import Path

import numpy as np

from export.datasets.sample import Region, Sample
from export.datasets.tables import read_rows, values_of

CORPUS = "chula"
CROPS = "chula-crops"
SCANNER = "Nikon DS-Fi2"
USUAL_DIAMETER_PX = 39.0
"""The median red cell of the corpus."""
TYPES = (
    "normal", "macrocyte", "microcyte", "spherocyte", "target cell", "stomatocyte", "ovalocyte", "teardrop", "burr cell",
    "schistocyte", "uncategorised", "hypochromia", "elliptocyte",
)  # fmt: skip
"""By the corpus' own numbers."""
BLOCK = 12
"""The corpus' own test fields are blocks of twelve that begin at multiples of twelve: so are the groups here. The slides
themselves are not given; neighbouring blocks may share one, and the pictures of `twin` do share a place with another block:
leave them out where splits are dealt anew."""
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
            types[row["image"]].append(_type(row["type"]))
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
                    group=f"block {int(name) // BLOCK}",
                    scanner=SCANNER,
                )
            )
    return samples


def crops(root: Path, side_px: int = 80) -> list[Sample]:
    """A crop of `side_px` around each labelled cell of each field, mirrored over its border; `label` by `TYPES`.

    `points` is the cell's place in the crop, its middle to half a pixel. Raises DatasetError.
    """
    return [crop for sample in read(root) for crop in _crops(sample, side_px)]


def _crops(sample: Sample, side_px: int) -> list[Sample]:
    found = []
    for index, ((x, y), kind) in enumerate(zip(sample.points.tolist(), sample.types, strict=True)):
        left, top = round(x - 0.5 * side_px), round(y - 0.5 * side_px)
        found.append(
            replace(
                sample,
                corpus=CROPS,
                name=f"{sample.name}-{index}",
                counts={},
                points=np.array([[x - left, y - top]], np.float32),
                types=(kind,),
                complete=False,
                label=TYPES[kind],
                region=Region(left, top, side_px, side_px),
            )
        )
    return found


def _type(written: str) -> int:
    number = int(written)
    if not 0 <= number < len(TYPES):
        raise ValueError(f"type {number} of 0 to {len(TYPES) - 1}")
    return number
