"""PBC (Acevedo et al., Data in Brief 30, 2020; CC BY 4.0): white cells, erythroblasts and platelets, one in the middle of each
picture of a CellaVision DM96 in Barcelona, named by clinical pathologists."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from export.datasets.sample import Sample
from export.datasets.tables import read_rows, values_of

CORPUS = "pbc"
SCANNER = "CellaVision DM96"
SIDE_PX = 200
DIAMETER_PX = 48.0
"""A red cell of these pictures."""
TYPES: Mapping[str, str] = {
    "SNE": "segmented neutrophil", "BNE": "band neutrophil", "NEUTROPHIL": "neutrophil", "EO": "eosinophil", "BA": "basophil",
    "LY": "lymphocyte", "MO": "monocyte", "PMY": "immature granulocyte", "MY": "immature granulocyte",
    "MMY": "immature granulocyte", "IG": "immature granulocyte", "ERB": "erythroblast", "PLATELET": "platelet",
}  # fmt: skip
"""By the corpus' subtypes. A neutrophil of which nobody said whether it is segmented is that alone."""


def read(root: Path) -> list[Sample]:
    """The pictures under `root` (`images/`, `cells.csv`), all splits; `label` is one of TYPES, the cell lies at `points`.

    The corpus is split by picture, not by patient: its `test` flatters. Raises DatasetError.
    """
    samples = []
    with values_of(root / "cells.csv"):
        for row in read_rows(root / "cells.csv", ("image", "split", "type", "subtype")):
            if row["subtype"] not in TYPES:
                raise ValueError(f"subtype {row['subtype']!r} of {', '.join(TYPES)}")
            samples.append(
                Sample(
                    CORPUS, row["split"], row["image"], root / "images" / f"{row['image']}.jpg", label=TYPES[row["subtype"]],
                    points=np.array([[(SIDE_PX - 1) / 2.0] * 2], np.float32), scanner=SCANNER, group=row["image"],
                    diameter_px=DIAMETER_PX,
                )
            )  # fmt: skip
    return samples
