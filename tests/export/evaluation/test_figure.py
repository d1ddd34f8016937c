from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("matplotlib", reason="pip install hemocam[export]")

from export.evaluation.classification import CropResult
from export.evaluation.figure import binary, crop_figure, field_figure
from export.evaluation.segmentation import ChannelScore, FieldResult
from export.metrics.boundary import boundary_f1
from export.metrics.outcomes import Outcomes
from export.metrics.pixels import compare, mean_squared_error
from export.metrics.ranking import tally


def drawn(path: Path) -> float:
    """The share of the picture that is not white."""
    picture = cv2.imread(str(path), cv2.IMREAD_GRAYSCALE)
    assert picture is not None
    return float((picture < 250).mean())


def field(seed: int) -> FieldResult:
    rng = np.random.default_rng(seed)
    true, chance = rng.random((20, 30)) < 0.4, rng.random((20, 30)).astype(np.float32)
    called = chance > 0.5
    edges = boundary_f1(true, called)
    score = ChannelScore("rbc", compare(true, called), edges, edges, mean_squared_error(true, chance), tally(true, chance))
    return FieldResult("drawn", "val", str(seed), "", "", (score,), ())


def test_fields(tmp_path: Path) -> None:
    path = tmp_path / "new" / "figure.png"
    field_figure({"one": [field(0), field(1)], "two": [field(2), field(3)]}, path)
    assert drawn(path) > 0.1


def test_fields_that_nobody_could_see(tmp_path: Path) -> None:
    field_figure({"one": [FieldResult("drawn", "val", "1", "", "", (), (), "no power")]}, tmp_path / "figure.png")
    assert 0.0 < drawn(tmp_path / "figure.png") < 0.1


def test_crops_with_a_class_that_is_not_there(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    results = [CropResult(str(i), "", "", i % 2, rng.dirichlet(np.ones(3)).astype(np.float32)) for i in range(12)]
    crop_figure({"one": results}, ("red", "green", "blue"), tmp_path / "figure.png")
    assert drawn(tmp_path / "figure.png") > 0.05


def test_a_class_and_its_background() -> None:
    assert binary(Outcomes(1, 2, 3, 4), "rbc").matrix.tolist() == [[4, 2], [3, 1]]
