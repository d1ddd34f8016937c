from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from export.datasets import pbc
from export.datasets.errors import DatasetError
from tests.export.datasets import trees


def test_a_cell_lies_in_the_middle_and_has_its_subtypes_name(tmp_path: Path) -> None:
    first, second = pbc.read(trees.pbc(tmp_path))
    assert (first.label, first.split, second.label, second.split) == (
        "band neutrophil",
        "train",
        "immature granulocyte",
        "test",
    )
    assert first.points.tolist() == [[99.5, 99.5]]
    assert first.diameter_px == 48.0


def test_a_strange_subtype_is_named(tmp_path: Path) -> None:
    path = trees.pbc(tmp_path) / "cells.csv"
    path.write_text(path.read_text().replace("BNE", "XYZ"))
    with pytest.raises(DatasetError, match=r"cells\.csv.*XYZ"):
        pbc.read(tmp_path)


@pytest.mark.skipif(not (trees.DATA / "pbc").is_dir(), reason=trees.NO_DATA)
def test_the_real_corpus() -> None:
    samples = pbc.read(trees.DATA / "pbc")
    assert Counter(sample.split for sample in samples) == {"train": 5600, "val": 800, "test": 1200}
    assert {sample.label for sample in samples} == set(pbc.TYPES.values())
    assert samples[0].pixels().shape == (pbc.SIDE_PX, pbc.SIDE_PX, 3)
