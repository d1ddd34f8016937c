from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("onnx", reason="pip install hemocam[export]")

from engines.classifier import BATCH, Classifier, open_classifier, probabilities
from engines.contract import InferenceFailed, ManifestInvalid, Tensor
from engines.fake import FakeEngine
from tests.export.evaluation import crops, fields

CROP = np.zeros((2, 16, 16, 3), np.uint8)


def constant(logits: list[float]) -> Callable[[Tensor], Tensor]:
    return lambda tensor: np.tile(np.array(logits, np.float32), (tensor.shape[0], 1))


def test_logits_of_any_size_become_probabilities_and_none_that_are_not_finite() -> None:
    assert probabilities(FakeEngine(constant([1000.0, 0.0]), 2), CROP)[0].tolist() == [1.0, 0.0]
    with pytest.raises(InferenceFailed, match="not finite"):
        probabilities(FakeEngine(constant([float("nan"), 0.0]), 2), CROP)


def test_a_temperature_makes_it_less_sure_and_changes_no_best() -> None:
    engine = FakeEngine(constant([2.0, 0.0]), 2)
    sharp, mild = probabilities(engine, CROP)[0], probabilities(engine, CROP, 2.0)[0]
    assert sharp[0] == pytest.approx(1 / (1 + np.exp(-2.0)))
    assert mild[0] == pytest.approx(1 / (1 + np.exp(-1.0)))


def test_any_number_of_crops_is_asked_in_batches(tmp_path: Path) -> None:
    folder = crops.model(tmp_path / "model")
    shown = np.zeros((BATCH + 5, crops.SIDE_PX, crops.SIDE_PX, 3), np.uint8)
    shown[np.arange(len(shown)), ..., 0] = (np.arange(len(shown)) * 3 % 256)[:, None, None]
    with open_classifier(str(folder)) as classifier:
        found = classifier.probabilities(shown)
        assert found.shape == (BATCH + 5, 3)
        one_by_one = np.concatenate([classifier.probabilities(one[None]) for one in shown])
        assert np.allclose(found, one_by_one, atol=1e-6)
        assert classifier.probabilities(shown[:0]).shape == (0, 3)
        assert classifier.stamp.startswith("brightest")


def test_of_what_is_rare_more_must_speak_for_it(tmp_path: Path) -> None:
    folder = crops.model(tmp_path / "model")
    shown = np.full((1, crops.SIDE_PX, crops.SIDE_PX, 3), 100, np.uint8)
    with open_classifier(str(folder)) as classifier:
        plain = classifier.probabilities(shown)[0]
        manifest = classifier.manifest.model_copy(update={"prior": {"red": 0.25}})
        rare = Classifier(classifier._engine, manifest, classifier.file).probabilities(shown)[0]
    assert plain.tolist() == pytest.approx([1 / 3] * 3, abs=1e-5)
    assert rare.tolist() == pytest.approx([1 / 9, 4 / 9, 4 / 9], abs=1e-5)


def test_what_is_no_classifier_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ManifestInvalid, match="counts fields and names no cells"):
        open_classifier(str(fields.model(tmp_path / "fields")))
    with pytest.raises(ManifestInvalid, match=r"gives \(batch, 2\)"):
        open_classifier(str(crops.model(tmp_path / "crops", classes=("red", "green"))))
