from __future__ import annotations

from pathlib import Path

import pytest

from export.datasets.box_sizes import boxed_diameter_px, cut_by_border
from export.datasets.sample import Box, Sample
from tests.export.datasets import trees


@pytest.mark.parametrize(
    ("box", "cut"),
    [
        (Box("rbc", 3, 3, 61, 45), False), (Box("rbc", 2, 3, 20, 20), True), (Box("rbc", 3, 2, 20, 20), True),
        (Box("rbc", 10, 10, 62, 20), True), (Box("rbc", 10, 10, 20, 46), True),
    ],
)  # fmt: skip
def test_what_reaches_the_border_is_cut(box: Box, cut: bool) -> None:
    assert cut_by_border(box, 64, 48) is cut


def test_the_median_of_whole_red_cells(tmp_path: Path) -> None:
    path = tmp_path / "one.png"
    trees.picture(path)
    whole = (Box("rbc", 5, 5, 15, 15), Box("rbc", 5, 5, 17, 17), Box("rbc", 5, 5, 13, 25))
    others = (Box("rbc", 0, 0, 40, 40), Box("wbc", 10, 10, 40, 40))
    sample = Sample("cbc", "test", "one", path, boxes=(*whole, *others))
    assert boxed_diameter_px(sample) == pytest.approx(12.0)
    assert boxed_diameter_px(sample, 4) is None
    assert boxed_diameter_px(Sample("cbc", "test", "one", path, boxes=others)) is None
