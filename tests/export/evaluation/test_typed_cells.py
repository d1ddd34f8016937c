# what is imported further down needs a package that may not be installed
from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")

from edge.counting.cell import CellClass, CellType
from edge.counting.errors import ScaleUnknown
from engines.manifest import ClassifierManifest
from export.datasets.sample import DatasetError, Sample
from export.evaluation.typed_cells import Named, NamedPlace, places_by_eye, strangers, type_row, whole_way
from tests.edge.fields import cell, count_of
from tests.export.datasets import trees

MANIFEST = ClassifierManifest.model_validate({
    "task": "classification", "name": "drawn", "version": "1", "description": "", "licence": "MIT", "research_only": False,
    "data": [], "sources": [], "parameters": 1, "classes": ["segmented", "band", "monocyte"], "side_px": 16,
    "groups": {"neutrophil": ["segmented", "band"]}, "unsure_below": 0.6,
    "files": [{"file": "m.onnx", "sha256": "0" * 64, "precision": "fp32"}],
})  # fmt: skip


def named(true: str, *probabilities: float) -> Named:
    return Named(true, np.array(probabilities, np.float32) if probabilities else None)


def test_right_is_the_group_and_unsure_is_wrong() -> None:
    found = [
        named("segmented", 0.1, 0.8, 0.1), named("band", 0.4, 0.5, 0.1), named("neutrophil", 0.2, 0.1, 0.7),
        named("monocyte", 0.05, 0.05, 0.9), named("monocyte", 0.3, 0.25, 0.45), named("monocyte"),
    ]  # fmt: skip
    row = type_row("drawn", "test", found, MANIFEST)
    assert (row.cells, row.accuracy) == (6, pytest.approx(3 / 6))
    assert row.balanced == pytest.approx((2 / 3 + 1 / 3) / 2)
    assert row.unsure == pytest.approx(2 / 6)
    assert row.sure == pytest.approx(3 / 4)


def test_the_calibration_error_is_how_far_the_probabilities_are_off() -> None:
    right = [named("monocyte", 0.1, 0.1, 0.8)] * 8 + [named("segmented", 0.1, 0.1, 0.8)] * 2
    assert type_row("", "", right, MANIFEST).error == pytest.approx(0.0, abs=1e-6)
    assert type_row("", "", right[:8], MANIFEST).error == pytest.approx(0.2, abs=1e-6)


def places(tmp_path: Path) -> list[NamedPlace]:
    cv2.imwrite(str(tmp_path / "a.png"), np.full((60, 80, 3), 200, np.uint8))
    sample = Sample("drawn", "val", "a", tmp_path / "a.png")
    return [NamedPlace(sample, 20.0, 20.0, "neutrophil"), NamedPlace(sample, 60.0, 40.0, "monocyte")]


def test_the_whole_way_counts_what_was_not_found_as_wrong(tmp_path: Path) -> None:
    near = replace(cell(CellClass.WBC, x=22.0, y=24.0), type=CellType("band", 0.9))
    unsure = replace(cell(CellClass.WBC, x=60.0, y=40.0), type=CellType(None, 0.4))
    row = whole_way("drawn", places(tmp_path), lambda _: count_of((near, cell(x=60.0, y=40.0))), MANIFEST.group_of)
    assert (row.found, row.named, row.balanced, row.sure) == (0.5, 0.5, 0.5, 1.0), "a red cell there is no white one"
    row = whole_way("drawn", places(tmp_path), lambda _: count_of((near, unsure)), MANIFEST.group_of)
    assert (row.found, row.named, row.balanced) == (1.0, 0.5, 0.5)


def test_a_field_that_cannot_be_counted_has_found_nothing(tmp_path: Path) -> None:
    def refuse(pixels: Any) -> Any:
        raise ScaleUnknown("nothing to measure")

    row = whole_way("drawn", places(tmp_path), refuse, MANIFEST.group_of)
    assert (row.found, row.named, row.balanced) == (0.0, 0.0, 0.0)


def test_of_strangers_it_is_told_how_many_pass_without_a_word(tmp_path: Path) -> None:
    samples = [place.sample for place in places(tmp_path)]
    found = iter([
        count_of(tuple(replace(cell(CellClass.WBC), type=CellType(name, 0.9)) for name in ("lymphocyte", "lymphocyte"))),
        count_of(tuple(replace(cell(CellClass.WBC), type=CellType(name, 0.9)) for name in (None, None, "monocyte"))),
    ])  # fmt: skip
    row = strangers(samples, lambda _: next(found))
    assert (row.fields, row.cells, row.unsure, row.asked) == (2, 5, 0.4, 0.6)


def test_a_corpus_without_the_pictures_is_named(tmp_path: Path) -> None:
    trees.txl(tmp_path / "txl")
    trees.cbc(tmp_path / "cbc")
    with pytest.raises(DatasetError, match="has no picture raabin"):
        places_by_eye(tmp_path)


@pytest.mark.skipif(not (trees.DATA / "txl").is_dir(), reason=trees.NO_DATA)
def test_every_cell_that_was_named_by_eye_is_a_labelled_white_cell() -> None:
    found = places_by_eye(trees.DATA)
    assert set(found) == {"txl", "cbc"}
    for each in (place for named_places in found.values() for place in named_places):
        assert any(
            box.label == "wbc" and box.left <= each.x <= box.right and box.top <= each.y <= box.bottom
            for box in each.sample.boxes
        )
        assert each.type in {"neutrophil", "eosinophil", "basophil", "lymphocyte", "monocyte"}
