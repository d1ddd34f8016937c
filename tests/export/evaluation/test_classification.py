from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("sklearn", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")

from engines.contract import ManifestInvalid
from engines.manifest import ClassifierManifest
from export.datasets.sample import MaskFile, Sample
from export.evaluation.classification import CropResult, confusion_of, resized, shown
from export.evaluation.crop_sheets import classes_sheet, confusion_sheet, crop_sheets, grouped_sheet, overall_sheet
from export.evaluation.errors import EvaluationError
from export.evaluation.models import Asked, manifests, measure_crops, measure_model
from tests.export.evaluation import crops, fields

MANIFEST = {
    "task": "classification", "name": "drawn", "version": "1", "description": "", "licence": "MIT", "research_only": False,
    "data": [], "sources": [], "parameters": 1, "classes": ["red", "green"], "side_px": 16,
    "files": [{"file": "m.onnx", "sha256": "0" * 64, "precision": "fp32"}],
}  # fmt: skip
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


def test_a_crop_of_the_right_side_is_left_alone() -> None:
    pixels = np.arange(16 * 16 * 3, dtype=np.uint8).reshape(16, 16, 3)
    assert resized(pixels, 16) is pixels
    assert resized(pixels, 8).shape == (8, 8, 3)


def test_crops_of_a_scale_are_cut_as_the_device_cuts_them(tmp_path: Path) -> None:
    manifest = ClassifierManifest.model_validate({**MANIFEST, "diameters": 2.0, "side_px": 16})
    pixels = np.full((40, 40, 3), 235, np.uint8)
    pixels[12:28, 12:28] = (200, 30, 30)
    cv2.imwrite(str(tmp_path / "cell.png"), pixels[..., ::-1])
    sample = Sample(
        "drawn", "test", "cell", tmp_path / "cell.png", points=np.array([[19.5, 19.5]], np.float32), diameter_px=16.0
    )
    cut = shown(sample, manifest)
    assert cut.shape == (16, 16, 3)
    red = (cut[..., 1] < 130).mean()
    assert red == pytest.approx(0.25, abs=0.06), "the cell is half as wide as its crop"
    with pytest.raises(EvaluationError, match="does not say its own"):
        shown(replace(sample, diameter_px=None), manifest)


def test_a_classifier_that_learnt_masked_cells_is_shown_masked_cells(tmp_path: Path) -> None:
    pixels, mask = np.full((16, 16, 3), 200, np.uint8), np.zeros((16, 16), np.uint8)
    mask[4:12, 4:12] = 255
    cv2.imwrite(str(tmp_path / "cell.png"), pixels)
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    sample = Sample("drawn", "test", "cell", tmp_path / "cell.png", masks={"rbc": MaskFile(tmp_path / "mask.png")})
    masked = ClassifierManifest.model_validate({**MANIFEST, "masked": True})
    assert not shown(sample, masked)[mask == 0].any()
    assert shown(sample, ClassifierManifest.model_validate(MANIFEST)).min() == 200
