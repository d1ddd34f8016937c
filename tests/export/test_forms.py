# what is imported further down needs a package that may not be installed
"""The forms of a model's FP32 file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("torch", reason="conversion needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")
pytest.importorskip("sympy", reason="quantisation needs sympy: pip install hemocam[export]")

from engines.contract import ManifestInvalid, ModelCorrupt
from engines.manifest import checked_bytes, load_any_manifest
from export.forms import add_half, add_int8, on_cpu
from export.parity import ParityError
from export.to_int8 import Int8Error, Int8For
from export.to_onnx import to_onnx
from tests.engines.onnx_models import manifest, model_in
from tests.export.networks import UNIT_PX, network
from tests.export.onnx_graphs import floats, model

CHANNELS = ["rbc", "rbc_outline", "rbc_centre", "wbc", "wbc_centre", "plt"]
TENSORS = [np.random.default_rng(seed).integers(0, 256, (1, 32, 32, 3), dtype=np.uint8) for seed in range(4)]
DULL = manifest()["decoding"]["rbc"] | {"foreground_threshold": 0.999999}
"""Random weights see cells everywhere: above this threshold hardly any."""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return model_in(tmp_path / "tiny", to_onnx(network(), UNIT_PX), channels=CHANNELS, decoding={"rbc": DULL})


def names(folder: Path) -> list[str]:
    return sorted(one.name for one in folder.iterdir())


def test_fp16_is_put_beside_where_it_says_the_same(folder: Path) -> None:
    added = add_half(folder, load_any_manifest(folder), TENSORS)
    assert added.path == folder / "model-fp16.onnx"
    assert added.file_bytes < 0.75 * added.fp32_bytes
    assert added.parity.frames == 4
    assert 0 < added.parity.logits < 0.1
    found = load_any_manifest(folder)
    assert checked_bytes(folder, found.file_of("fp16")) == added.path.read_bytes()


def test_fp16_that_says_otherwise_is_refused_and_nothing_is_written(tmp_path: Path) -> None:
    """The sum of 255 products is beyond 65504 on the way, and back within it at the end."""
    from onnx import helper

    nodes = [
        *floats(),
        helper.make_node("Mul", ["x", "large"], ["much"], "up"),
        helper.make_node("Mul", ["much", "small"], ["logits"], "down"),
    ]
    content = model(nodes, {"large": np.float32([60000.0]), "small": np.float32([1e-4])})
    folder = model_in(tmp_path / "steep", content, channels=["rbc", "rbc_outline", "rbc_centre"])
    with pytest.raises(ParityError, match="not finite"):
        add_half(folder, load_any_manifest(folder), TENSORS)
    assert names(folder) == ["manifest.yaml", "model.onnx"]


@pytest.mark.parametrize("target", list(Int8For))
def test_int8_is_put_beside_with_its_figures(folder: Path, target: Int8For) -> None:
    added = add_int8(folder, load_any_manifest(folder), target, TENSORS)
    assert added.parity.frames == 1
    assert [file.precision for file in load_any_manifest(folder).files] == ["fp32", added.path.stem.removeprefix("model-")]
    assert (added.ms is not None) == (target is Int8For.CPU)


def test_int8_needs_pictures_for_both_parts(folder: Path) -> None:
    with pytest.raises(Int8Error, match="1 frames are too few"):
        add_int8(folder, load_any_manifest(folder), Int8For.CPU, TENSORS[:1])
    assert names(folder) == ["manifest.yaml", "model.onnx"]


def test_a_network_of_squares_is_quantised_and_run_in_squares(tmp_path: Path) -> None:
    fp32 = to_onnx(network(), UNIT_PX)
    folder = model_in(
        tmp_path / "tiled", fp32, channels=CHANNELS, decoding={"rbc": DULL}, tiling={"side_px": 16, "context_px": 4}
    )
    engine = on_cpu(fp32, "tiled", load_any_manifest(folder))
    assert engine.run(TENSORS[0]).shape == (1, 6, 32, 32)
    assert "squares of 16 px" in engine.runtime
    add_int8(folder, load_any_manifest(folder), Int8For.CPU, TENSORS)
    add_half(folder, load_any_manifest(folder), TENSORS)


def test_a_damaged_fp32_file_is_told(folder: Path) -> None:
    (folder / "model.onnx").write_bytes(b"cut")
    with pytest.raises(ModelCorrupt, match="sha256"):
        add_half(folder, load_any_manifest(folder), TENSORS)
    assert names(folder) == ["manifest.yaml", "model.onnx"]


def test_a_model_without_fp32_has_nothing_to_start_from(tmp_path: Path) -> None:
    folder = model_in(tmp_path / "int8", b"int8")
    path = folder / "manifest.yaml"
    path.write_text(path.read_text().replace("precision: fp32", "precision: int8"))
    with pytest.raises(ManifestInvalid, match="no fp32 file"):
        add_half(folder, load_any_manifest(folder), TENSORS)
