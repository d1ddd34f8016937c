from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="pip install hemocam[export]")
pytest.importorskip("onnx", reason="pip install hemocam[export]")

import torch

from engines.classifier import opened
from engines.manifest import ClassifierManifest, Manifest, Tiling, load_any_manifest, load_manifest
from engines.opening import open_model
from export.evaluation.errors import EvaluationError
from export.evaluation.trained import as_model, trained_runs
from tests.export.evaluation import runs

PARITY = 1e-4


def test_only_runs_that_ended_are_compared(tmp_path: Path) -> None:
    runs.field_run(tmp_path / "b", "unet")
    runs.field_run(tmp_path / "a", "unet")
    (tmp_path / "a" / "weights.pt").unlink()
    (tmp_path / "packed").mkdir()
    found, unfinished = trained_runs(tmp_path)
    assert [run.folder.name for run in found] == ["b"]
    assert unfinished == [tmp_path / "a"]
    with pytest.raises(EvaluationError, match="holds no trained run"):
        trained_runs(tmp_path / "none")


def test_a_run_becomes_a_model_that_says_what_the_network_says(tmp_path: Path) -> None:
    network = runs.field_run(tmp_path / "run", "unet")
    (run,), _ = trained_runs(tmp_path)
    model = as_model(run, tmp_path / "model")
    manifest = load_any_manifest(model.folder)
    assert isinstance(manifest, Manifest)
    assert manifest.parameters == sum(one.numel() for one in network.parameters())
    assert manifest.channels == ("rbc", "rbc_outline")
    assert manifest.preparation.cell_diameter_px == 20.0
    assert manifest.tiling is None
    assert model.file_bytes == (model.folder / "model-fp32.onnx").stat().st_size
    pixels = np.random.default_rng(0).integers(0, 256, (1, 48, 64, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255.0).numpy()
    with open_model(str(model.folder)).engine as engine:
        assert np.abs(engine.run(pixels) - expected).max() < PARITY


def test_an_unpadded_network_sees_a_whole_field_in_squares(tmp_path: Path) -> None:
    network = runs.field_run(tmp_path / "run", "do-unet", width=2)
    (run,), _ = trained_runs(tmp_path)
    model = as_model(run, tmp_path / "model")
    assert isinstance(model.manifest, Manifest)
    assert model.manifest.tiling == Tiling(side_px=380, context_px=44, unpadded=True)
    pixels = np.random.default_rng(0).integers(0, 256, (1, 300, 396, 3), dtype=np.uint8)
    with open_model(str(model.folder)).engine as engine:
        logits = engine.run(pixels)
    assert logits.shape == (1, 2, 300, 396)
    # The squares begin 44 px before the field: the whole of it in one go pools the same pixels only where it begins there too.
    bordered = np.pad(pixels, ((0, 0), (44, 44), (44, 44), (0, 0)), mode="symmetric")
    with torch.inference_mode():
        whole = network(torch.from_numpy(bordered).permute(0, 3, 1, 2) / 255.0).numpy()
    assert np.abs(logits - whole).max() < PARITY


def test_a_classifier(tmp_path: Path) -> None:
    network = runs.crop_run(tmp_path / "run", ["normal", "burr cell"])
    (run,), _ = trained_runs(tmp_path)
    model = as_model(run, tmp_path / "model")
    assert isinstance(model.manifest, ClassifierManifest)
    assert model.manifest.classes == ("normal", "burr cell")
    pixels = np.random.default_rng(0).integers(0, 256, (3, 32, 32, 3), dtype=np.uint8)
    with torch.inference_mode():
        expected = network(torch.from_numpy(pixels).permute(0, 3, 1, 2) / 255.0).numpy()
    odds = np.exp(expected)
    with opened(model.folder, model.manifest) as classifier:
        assert np.abs(classifier.probabilities(pixels) - odds / odds.sum(axis=1, keepdims=True)).max() < PARITY


def test_weights_of_another_network_are_refused_by_name(tmp_path: Path) -> None:
    runs.field_run(tmp_path / "run", "unet")
    torch.save(runs.network("linknet", 2, 4).state_dict(), tmp_path / "run" / "weights.pt")
    (run,), _ = trained_runs(tmp_path)
    with pytest.raises(EvaluationError, match=r"its weights are not unet's"):
        as_model(run, tmp_path / "model")
    assert not (tmp_path / "model").exists()


def test_filters_are_in_the_manifest_for_the_device(tmp_path: Path) -> None:
    runs.field_run(tmp_path / "run", "unet", filters=["wiener"])
    (run,), _ = trained_runs(tmp_path)
    assert load_manifest(as_model(run, tmp_path / "model").folder).preparing().filters == ("wiener",)


def test_a_scale_that_nobody_knows_is_asked_for(tmp_path: Path) -> None:
    runs.field_run(tmp_path / "run", "unet", cell_diameter_px=None, crop_px=None, side_px=64)
    (run,), _ = trained_runs(tmp_path)
    with pytest.raises(EvaluationError, match="diameter of the red cells that it learnt on"):
        as_model(run, tmp_path / "model")
