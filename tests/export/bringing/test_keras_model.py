# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import logging
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="bringing needs PyTorch: pip install hemocam[export]")
pytest.importorskip("keras", reason="Keras models need Keras: pip install hemocam[keras]")
pytest.importorskip("h5py", reason="Keras models need h5py: pip install hemocam[keras]")

from engines.onnxrt import OnnxRuntime
from export.bringing import BringingSpec, Brought, ConversionError, bring
from tests.export.bringing import keras_networks as networks
from tests.export.bringing.sources import FIELD


def saved(model: Any, path: Path) -> Path:
    logging.getLogger("absl").setLevel(logging.ERROR)
    model.save(path)
    return path


def probabilities(brought: Brought, pixels: np.ndarray) -> np.ndarray:
    with OnnxRuntime(brought.onnx, "brought", 1) as engine:
        return np.asarray(1 / (1 + np.exp(-engine.run(pixels))))


def expected(model: Any, pixels: np.ndarray) -> np.ndarray:
    """The outputs side by side, channels first."""
    with torch.no_grad():
        outputs = model(torch.from_numpy(pixels).float() / 255.0, training=False)
    outputs = outputs if isinstance(outputs, (list, tuple)) else [outputs]
    return np.concatenate([one.numpy().transpose(0, 3, 1, 2) for one in outputs], axis=1)


def pixels(side: int) -> np.ndarray:
    return np.random.default_rng(2).integers(0, 256, (2, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_do_unet_gives_mask_and_edge_square_by_square(suffix: str, tmp_path: Path) -> None:
    model = networks.trained(networks.do_unet())
    brought = bring(saved(model, tmp_path / f"net{suffix}"), FIELD)
    assert (brought.sides.side_px, brought.sides.context_px, brought.sides.unpadded) == (92, 44, True)
    found = probabilities(brought, pixels(92))
    assert found.shape == (2, 2, 4, 4)
    assert expected(model, pixels(92)).std() > 0.01
    assert np.abs(found - expected(model, pixels(92))).max() <= 1e-5
    assert brought.parameters == model.count_params()


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
@pytest.mark.parametrize("indices", [True, False])
def test_segnet_of_any_size(suffix: str, indices: bool, tmp_path: Path) -> None:
    model = networks.trained(networks.segnet(indices))
    brought = bring(saved(model, tmp_path / f"net{suffix}"), FIELD)
    assert (brought.sides.side_px, brought.sides.multiple_px) == (None, 4)
    for side in (32, 52):
        assert np.abs(probabilities(brought, pixels(side)) - expected(model, pixels(side))).max() <= 1e-5


def test_a_softmax_over_background_and_cells(tmp_path: Path) -> None:
    model = networks.trained(networks.segnet(False, 32, softmax=True))
    spec = BringingSpec(channels=("background", "rbc"), cell_diameter_px=20.0)
    brought = bring(saved(model, tmp_path / "net.keras"), spec)
    assert (brought.labels, brought.sides.side_px) == (("rbc",), 32)
    assert np.abs(probabilities(brought, pixels(32)) - expected(model, pixels(32))[:, 1:]).max() <= 1e-5


def test_a_classifier_of_two_classes_in_one_number(tmp_path: Path) -> None:
    model = networks.trained(networks.classifier(1, "sigmoid"))
    brought = bring(saved(model, tmp_path / "net.keras"), BringingSpec(classes=("healthy", "anaemic")))
    with OnnxRuntime(brought.onnx, "brought", 1) as engine:
        logits = engine.run(pixels(32))
    with torch.no_grad():
        anaemic = model(torch.from_numpy(pixels(32)).float() / 255.0, training=False).numpy()
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    assert np.abs(shares[:, 1:] - anaemic).max() <= 1e-5


def test_layers_of_the_labs_own(tmp_path: Path) -> None:
    """In a new process nobody has registered them: named, they are found; unnamed, the error says how to name them."""
    import os
    import subprocess
    import sys

    path = saved(networks.trained(networks.segnet(True)), tmp_path / "net.keras")
    code = (
        "import sys; from pathlib import Path; from export.bringing import bring, BringingSpec, ConversionError\n"
        "spec = BringingSpec(channels=('rbc', 'rbc_outline'), cell_diameter_px=30.0, python=sys.argv[2:] and "
        "Path(sys.argv[2]) or None)\n"
        "try:\n    sys.stdout.write(bring(Path(sys.argv[1]), spec).kind)\n"
        "except ConversionError as error:\n    sys.stdout.write(f'refused {error}')\n"
    )
    root = Path(__file__).parents[3]
    run = [sys.executable, "-c", code, str(path)]
    options: dict[str, Any] = {
        "capture_output": True,
        "text": True,
        "cwd": root,
        "env": {**os.environ, "PYTHONPATH": str(root)},
    }
    unnamed = subprocess.run(run, check=False, **options)
    assert "net.keras: Keras cannot load it" in unnamed.stdout
    assert "--python" in unnamed.stdout
    named = subprocess.run([*run, str(Path(__file__).with_name("keras_networks.py"))], check=False, **options)
    assert named.stdout == "Keras", named.stderr[-500:]


@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_lambda_layer_is_not_run(suffix: str, tmp_path: Path) -> None:
    keras, layers = networks.keras, networks.L
    inputs = layers.Input((32, 32, 3))
    outputs = layers.Conv2D(2, 1)(layers.Lambda(lambda x: x * 2.0)(inputs))
    path = saved(keras.Model(inputs, outputs), tmp_path / f"net{suffix}")
    with pytest.raises(ConversionError, match=r"Lambda.*--python"):
        bring(path, FIELD)


def test_weights_alone_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "net.weights.h5"
    networks.segnet(False).save_weights(path)
    with pytest.raises(ConversionError, match="save it whole"):
        bring(path, FIELD)


def test_several_inputs_and_oblong_ones_are_refused(tmp_path: Path) -> None:
    keras, layers = networks.keras, networks.L
    two = [layers.Input((32, 32, 3)), layers.Input((32, 32, 3))]
    path = saved(keras.Model(two, layers.Conv2D(2, 1)(layers.Add()(two))), tmp_path / "two.keras")
    with pytest.raises(ConversionError, match="feeds one image"):
        bring(path, FIELD)
    oblong = layers.Input((32, 48, 3))
    path = saved(keras.Model(oblong, layers.Conv2D(2, 1)(oblong)), tmp_path / "oblong.keras")
    with pytest.raises(ConversionError, match=r"48x32 px alone.*None, None, 3"):
        bring(path, replace(FIELD))
