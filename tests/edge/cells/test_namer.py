"""Which cells are shown to a classifier, how, and what is made of its answer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from edge.cells.namer import Namer
from edge.counting.cell import CellClass, CellType
from engines.classifier import Classifier
from engines.contract import InferenceFailed, ManifestInvalid, Tensor
from engines.fake import FakeEngine
from engines.manifest import ClassifierManifest
from tests.edge.fields import cell, count_of

SIDE = 16
RED, GREEN = (200, 60, 60), (60, 200, 60)


def manifest(**changed: Any) -> ClassifierManifest:
    content = {
        "task": "classification", "name": "colours", "version": "1", "description": "", "licence": "MIT",
        "research_only": False, "data": [], "sources": [], "parameters": 1, "classes": ["red", "green"], "side_px": SIDE,
        "names": "wbc", "diameters": 1.0, "files": [{"file": "m.onnx", "sha256": "0" * 64, "precision": "int8"}], **changed,
    }  # fmt: skip
    return ClassifierManifest.model_validate(content)


def namer(**changed: Any) -> Namer:
    """Says red or green by the mean colour, as sure as that is."""

    def answer(crops: Tensor) -> Tensor:
        return np.asarray(crops, np.float32).mean(axis=(1, 2))[:, :2] / 20.0

    known = manifest(**changed)
    return Namer(Classifier(FakeEngine(answer, 2), known, known.files[0]))


def field(*places: tuple[int, int, tuple[int, int, int]]) -> np.ndarray:
    pixels = np.full((200, 300, 3), 235, np.uint8)
    for x, y, colour in places:
        pixels[y - 20 : y + 20, x - 20 : x + 20] = colour
    return pixels


def test_each_white_cell_has_the_type_of_what_lies_there() -> None:
    cells = (cell(x=60, y=60, kind=CellClass.WBC), cell(x=150, y=100, kind=CellClass.WBC), cell(x=240, y=60))
    found = namer().typed(field((60, 60, RED), (150, 100, GREEN), (240, 60, RED)), count_of(cells))
    assert [one.type.name if one.type else None for one in found.cells] == ["red", "green", None]
    assert found.cells[0].type is not None
    assert found.cells[0].type.probability > 0.9
    assert found.classifier == "colours 1 (int8)"
    assert [(one.x, one.y, one.cell_class) for one in found.cells] == [(one.x, one.y, one.cell_class) for one in cells]


def test_below_the_manifests_probability_a_cell_is_unsure() -> None:
    cells = (cell(x=60, y=60, kind=CellClass.WBC),)
    found = namer(unsure_below=0.95).typed(field((60, 60, (130, 120, 60))), count_of(cells))
    assert found.cells[0].type is not None
    assert found.cells[0].type == CellType(None, pytest.approx(0.62, abs=0.06))  # type: ignore[arg-type]


def test_what_the_border_cuts_or_lies_in_a_clump_has_no_type() -> None:
    cut = replace(cell(x=10, y=60, kind=CellClass.WBC), border=True)
    one, other = cell(x=100, y=60, kind=CellClass.WBC), cell(x=104, y=60, kind=CellClass.WBC)
    found = namer().typed(field((100, 60, RED)), count_of((cut, one, other)))
    assert [one.type for one in found.cells] == [None, None, None]
    assert found.classifier, "it was looked at all the same"


def test_a_manifest_that_does_not_say_which_cells_is_refused() -> None:
    for missing in ("names", "diameters"):
        with pytest.raises(ManifestInvalid, match="does not say which cells"):
            namer(**{missing: None})


def test_an_answer_that_is_not_finite_is_no_type() -> None:
    known = manifest()
    broken = Namer(Classifier(FakeEngine(lambda crops: np.full((len(crops), 2), np.nan, np.float32), 2), known, known.files[0]))
    with pytest.raises(InferenceFailed):
        broken.typed(field(), count_of((cell(x=60, y=60, kind=CellClass.WBC),)))
