from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("scipy", reason="matching needs scipy: pip install hemocam[export]")

from edge.counting.cell import CellClass
from edge.smear.imaging import Imaging
from edge.smear.slide import SmearRecipe, make_smear
from edge.smear.staining import Stain, stain_window
from edge.smear.truth import true_cells
from export.datasets import cbc, chula, txl
from export.evaluation.labelled_cells import labelled_cells, rendered_cells
from tests.export.datasets import trees


def test_boxes_are_centres_and_sizes(tmp_path: Path) -> None:
    sample, without_a_whole_red_cell = txl.read(trees.txl(tmp_path))
    cells = labelled_cells(
        replace(sample, boxes=(*sample.boxes, replace(sample.boxes[1], left=30, top=5, right=40, bottom=17)))
    )
    assert cells is not None
    assert cells.by_class[CellClass.WBC].centres.tolist() == [[31.5, 31.5]]
    assert cells.by_class[CellClass.WBC].sizes.tolist() == [[24.0, 24.0]]
    assert len(cells.by_class[CellClass.PLT]) == 0, "none is labelled, which is not unknown"
    assert cells.diameter_px == pytest.approx(120**0.5), "of the one that no border cuts"
    assert labelled_cells(without_a_whole_red_cell) is not None


def test_points_are_centres_of_usual_cells(tmp_path: Path) -> None:
    samples = {one.name: one for one in chula.read(trees.chula(tmp_path))}
    cells = labelled_cells(samples["1"])
    assert cells is not None
    assert cells.by_class.keys() == {CellClass.RBC}
    assert cells.by_class[CellClass.RBC].centres.tolist() == [[5.0, 6.0], [30.5, 20.0]]
    assert labelled_cells(samples["38"]) is None, "it is not complete"


def test_boxes_of_some_of_the_cells_say_nothing(tmp_path: Path) -> None:
    assert [labelled_cells(one) for one in cbc.read(trees.cbc(tmp_path))] == [None] * 3


def test_rendered_cells_are_where_they_were_laid() -> None:
    rng = np.random.default_rng(3)
    recipe = SmearRecipe.random(rng)
    um_per_px = recipe.red_diameter_um / 30.0
    smear = make_smear(3, 240 * um_per_px + 20, 240 * um_per_px + 20, recipe)
    plate = stain_window(smear, Stain.random(rng), 10.0, 10.0, 240, 240, um_per_px, 3)
    truth = true_cells(smear, plate, 10.0, 10.0, um_per_px)
    cells = rendered_cells(truth, 30.0)
    red = cells.by_class[CellClass.RBC]
    assert 0 < len(red) <= len(truth)
    whole = [(one.x, one.y) for one in truth if one.kind.value == "rbc" and not one.border]
    known = {(round(x, 3), round(y, 3)) for x, y in red.centres.tolist()}
    assert {(round(x, 3), round(y, 3)) for x, y in whole} <= known
    assert 15 < float(np.median(red.sizes)) < 45
    assert Imaging is not None
