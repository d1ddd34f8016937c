# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
"""A classifier's folder, from a network that learnt nothing and pictures that are drawn."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
import yaml

torch = pytest.importorskip("torch", reason="publishing needs PyTorch: pip install hemocam[export]")
for name in ("onnx", "scipy", "sklearn", "sympy"):
    pytest.importorskip(name, reason=f"publishing needs {name}: pip install hemocam[export]")

from edge.cells.namer import Namer
from engines.classifier import open_classifier
from engines.manifest import ClassifierManifest, load_any_manifest
from export import classifier_publishing
from export.classifier_publishing import publish_classifier
from export.evaluation.typed_cells import Named
from export.publishing_error import PublishingError
from export.training.palettes import Palettes
from export.training.recipes import ClassificationRecipe
from export.zoo import architecture
from tests.export.training import tiny

CLASSES = ["segmented neutrophil", "band neutrophil", "lymphocyte"]
FIXED = {
    "version": "1", "description": "drawn", "research_only": False, "sources": [], "names": "wbc",
    "groups": {"neutrophil": CLASSES[:2]},
}  # fmt: skip


def recipe() -> ClassificationRecipe:
    return tiny.classification(classes=CLASSES, side_px=32, cropping={"diameters": 2.8}, architecture="compact")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """PBC as it is laid out, two noisy pictures of each type and split."""
    rng, rows = np.random.default_rng(0), ["image,split,type,subtype"]
    for split in ("train", "val", "test"):
        for subtype in ("SNE", "BNE", "LY"):
            for number in range(2):
                name = f"{split}_{subtype}_{number}"
                rows.append(f"{name},{split},x,{subtype}")
                path = tmp_path / "data" / "pbc" / "images" / f"{name}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                cv2.imwrite(str(path), rng.integers(0, 256, (200, 200, 3), dtype=np.uint8))
    (tmp_path / "data" / "pbc" / "cells.csv").write_text("\n".join(rows))
    return tmp_path / "data"


@pytest.fixture
def made(tmp_path: Path, data: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Weights and the manifest's fixed parts; other microscopes are one palette, and no cell is named by eye."""
    grey = Palettes(np.array([[[140, 128, 128], [40, 8, 8]]], np.float32))
    monkeypatch.setattr("export.evaluation.typed_cells.palettes", lambda *_: grey)
    monkeypatch.setattr(classifier_publishing, "places_by_eye", lambda data: {})
    monkeypatch.setattr(
        classifier_publishing, "_elsewhere", lambda *_: [Named("lymphocyte", np.array([0.1, 0.1, 0.8], np.float32))]
    )
    torch.manual_seed(0)
    torch.save(architecture("compact").build(3, 32).state_dict(), tmp_path / "weights.pt")
    (tmp_path / "fixed.yaml").write_text(yaml.safe_dump(FIXED))
    return tmp_path


def test_a_folder_that_a_device_can_use(made: Path, data: Path) -> None:
    folder = publish_classifier(recipe(), made / "weights.pt", made / "fixed.yaml", data, made / "models" / "tiny")
    manifest = load_any_manifest(folder)
    assert isinstance(manifest, ClassifierManifest)
    assert (manifest.names, manifest.diameters, manifest.side_px, manifest.masked) == ("wbc", 2.8, 32, False)
    assert {file.precision for file in manifest.files} == {"int8", "fp32", "fp16"}
    assert [(row.data, row.split, row.cells) for row in manifest.accuracy] == [
        (data, split, 6) for split in ("val", "test") for data in ("pbc", "pbc, other palettes")
    ]
    assert manifest.temperature > 0
    with open_classifier(str(folder)) as classifier:
        assert Namer(classifier).types == tuple(CLASSES)
        found = classifier.probabilities(np.zeros((2, 32, 32, 3), np.uint8))
    assert found.sum(axis=1) == pytest.approx(1.0, abs=1e-5)


def test_the_threshold_is_the_lowest_that_is_right_elsewhere_and_leaves_few_unsure_here() -> None:
    manifest = ClassifierManifest.model_validate({
        "task": "classification", "name": "x", "licence": "MIT", "data": [], "parameters": 1, "classes": CLASSES, "side_px": 32,
        **FIXED, "files": [{"file": "m.onnx", "sha256": "0" * 64, "precision": "fp32"}],
    })  # fmt: skip

    def one(true: str, lymphocyte: float) -> Named:
        return Named(true, np.array([1.0 - lymphocyte, 0.0, lymphocyte], np.float32))

    here = [one("lymphocyte", 0.99)] * 20
    elsewhere = [one("lymphocyte", 0.9)] * 10 + [one("segmented neutrophil", 0.7)] * 10
    assert classifier_publishing._threshold(here, elsewhere, manifest) == pytest.approx(0.705, abs=0.0051)
    unsure_here = [one("lymphocyte", 0.65)] * 20
    assert classifier_publishing._threshold(unsure_here, elsewhere, manifest) == pytest.approx(0.645, abs=0.0051)


def test_a_recipe_that_does_not_say_how_cells_are_cut_is_refused(made: Path, data: Path) -> None:
    plain = tiny.classification(classes=CLASSES)
    with pytest.raises(PublishingError, match="no `cropping`"):
        publish_classifier(plain, made / "weights.pt", made / "fixed.yaml", data, made / "models" / "tiny")
    assert not (made / "models").exists()


def test_weights_of_another_network_are_refused(made: Path, data: Path) -> None:
    with pytest.raises(PublishingError, match=r"fixed\.yaml and .* must be this recipe"):
        publish_classifier(recipe(), made / "fixed.yaml", made / "fixed.yaml", data, made / "models" / "tiny")
