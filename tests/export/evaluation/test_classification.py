from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")

from engines.contract import InferenceFailed, ManifestInvalid, Tensor
from engines.fake import FakeEngine
from engines.manifest import ClassifierManifest, load_any_manifest
from export.evaluation.classification import CropResult, confusion_of, open_classifier, probabilities, resized
from export.evaluation.crop_sheets import classes_sheet, confusion_sheet, crop_sheets, grouped_sheet, overall_sheet
from export.evaluation.errors import EvaluationError
from export.evaluation.models import Asked, manifests, measure_crops, measure_model
from tests.export.evaluation import crops, fields

SHOWN = [
    *[("red", "red", "a")] * 3, ("red", "green", "a"),
    *[("green", "green", "b")] * 2, ("green", "blue", "b"), ("green", "red", "c"), ("red", "red", "c"),
]  # fmt: skip
"""What each crop is labelled, the colour that it has and so is called, and its slide. No crop is blue."""


def quiet(name: str, done: int, total: int) -> None:
    """Nobody is told."""


def results(tmp_path: Path, shown: list[tuple[str, str, str]] = SHOWN) -> list[CropResult]:
    folder = crops.model(tmp_path / "model")
    return measure_crops("brightest", str(folder), Asked(crops.samples(tmp_path / "crops", shown)), quiet)


def test_each_crop_is_called_by_its_colour(tmp_path: Path) -> None:
    found = results(tmp_path)
    assert [crops.CLASSES[one.predicted] for one in found] == [colour for _, colour, _ in SHOWN]
    assert [crops.CLASSES[one.true] for one in found] == [label for label, _, _ in SHOWN]
    assert all(one.probabilities.sum() == pytest.approx(1.0) for one in found)
    assert confusion_of(found, crops.CLASSES).matrix.tolist() == [[4, 1, 0], [1, 2, 1], [0, 0, 0]]


def test_more_crops_than_one_batch_holds(tmp_path: Path) -> None:
    assert len(results(tmp_path, [("red", "red", "a")] * 70)) == 70


def test_tables(tmp_path: Path) -> None:
    found = results(tmp_path)
    overall = {str(row[0]): row[1] for row in overall_sheet({"m": found}, crops.CLASSES).rows}
    assert overall["crops"] == 9
    assert overall["accuracy"] == pytest.approx(6 / 9)
    assert overall["accuracy, mean of classes"] == pytest.approx((4 / 5 + 2 / 4) / 2)
    # Blue was named once and never there: its F1 is 0, and counts.
    assert overall["macro F1"] == pytest.approx((8 / 10 + 4 / 7 + 0) / 3)
    by_class = {str(row[0]): row for row in classes_sheet(found, crops.CLASSES).rows}
    assert by_class["red"][1:4] == (5, 5, pytest.approx(0.8))
    assert np.isnan(float(str(by_class["blue"][3])))
    assert confusion_sheet(found, crops.CLASSES).rows[1] == ("green", 1, 2, 1)
    slides = grouped_sheet({"m": found}, crops.CLASSES, "slide")
    assert slides is not None
    assert [(row[0], row[2], row[3]) for row in slides.rows] == [("a", 4, 0.75), ("b", 3, pytest.approx(2 / 3)), ("c", 2, 0.5)]


def test_two_classifiers_are_tested_slide_by_slide(tmp_path: Path) -> None:
    found = results(tmp_path)
    right = [CropResult(one.name, one.group, one.scanner, one.true, np.eye(3, dtype=np.float32)[one.true]) for one in found]
    *_, paired = crop_sheets({"oracle": right, "m": found}, crops.CLASSES)
    assert paired.title == "oracle minus m"
    accuracy = paired.rows[0]
    assert accuracy[:3] == ("accuracy", 3, pytest.approx((0.25 + 1 / 3 + 0.5) / 3))


def test_a_label_that_the_classifier_does_not_know_is_refused(tmp_path: Path) -> None:
    folder = crops.model(tmp_path / "model", classes=("red", "green", "violet"))
    with pytest.raises(EvaluationError, match="the data also has blue: leave those out with --ignore"):
        measure_crops("m", str(folder), Asked(crops.samples(tmp_path / "crops", [("blue", "blue", "a")])), quiet)


def test_what_is_no_classifier_is_refused(tmp_path: Path) -> None:
    folder = fields.model(tmp_path / "model")
    with pytest.raises(EvaluationError, match="sees fields"):
        measure_crops("m", str(folder), Asked([]), quiet)
    with pytest.raises(ManifestInvalid, match="names single cells"):
        measure_model("m", str(crops.model(tmp_path / "crops")), Asked([]), quiet)
    with pytest.raises(EvaluationError, match="measure each alone"):
        manifests([str(folder), str(tmp_path / "crops")])


def test_a_file_of_another_shape_than_its_manifest_is_refused(tmp_path: Path) -> None:
    folder = crops.model(tmp_path / "model", classes=("red", "green"))
    manifest = load_any_manifest(folder)
    assert isinstance(manifest, ClassifierManifest)
    with pytest.raises(ManifestInvalid, match=r"gives \(batch, 2\)"):
        open_classifier(folder, manifest)


def constant(logits: list[float]) -> Callable[[Tensor], Tensor]:
    return lambda tensor: np.tile(np.array(logits, np.float32), (tensor.shape[0], 1))


def test_logits_of_any_size_become_probabilities_and_none_that_are_not_finite() -> None:
    crop = np.zeros((2, 16, 16, 3), np.uint8)
    assert probabilities(FakeEngine(constant([1000.0, 0.0]), 2), crop)[0].tolist() == [1.0, 0.0]
    with pytest.raises(InferenceFailed, match="not finite"):
        probabilities(FakeEngine(constant([float("nan"), 0.0]), 2), crop)


def test_a_crop_of_the_right_side_is_left_alone() -> None:
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    assert resized(pixels, 16) is pixels
    assert resized(pixels, 8).shape == (8, 8, 3)
