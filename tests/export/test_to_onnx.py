# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="conversion needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")

from engines.onnxrt import OnnxRuntime
from export.conversion_error import ConversionError
from export.normalisation import NORMALISATIONS
from export.to_onnx import OPSET, to_onnx
from tests.export.networks import UNIT_PX, network


@pytest.fixture(scope="module")
def content() -> bytes:
    return to_onnx(network(), UNIT_PX)


@pytest.mark.parametrize("shape", [(1, 4, 4), (1, 32, 48), (3, 16, 16), (2, 12, 40), (1, 96, 64)])
def test_logits_are_pytorchs(content: bytes, shape: tuple[int, int, int]) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    with OnnxRuntime(content, "tiny.onnx", 1) as engine:
        found = engine.run(pixels)
    with torch.inference_mode():
        expected = network()(torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255.0).numpy()
    assert found.shape == (shape[0], 6, *shape[1:])
    assert np.abs(expected).max() > 0.1
    assert np.abs(found - expected).max() <= 1e-4


def test_the_file_is_valid_and_takes_a_cameras_pixels(content: bytes) -> None:
    model = onnx.load_from_string(content)
    onnx.checker.check_model(model, full_check=True)
    assert [one.version for one in model.opset_import if one.domain in ("", "ai.onnx")] == [OPSET]
    with OnnxRuntime(content, "tiny.onnx", 1) as engine:
        assert (engine.input.name, engine.input.shape, engine.input.dtype) == ("pixels", (None, None, None, 3), "uint8")
        assert (engine.output.name, engine.output.dtype) == ("logits", "float32")


@pytest.mark.parametrize("name", NORMALISATIONS)
def test_the_preparation_is_in_the_graph(name: str) -> None:
    normalisation = NORMALISATIONS[name]
    made = torch.nn.Conv2d(normalisation.channels, 2, 3, padding=1).eval()
    content = to_onnx(made, 4, normalisation)
    pixels = np.random.default_rng(1).integers(0, 256, (2, 8, 12, 3), dtype=np.uint8)
    with OnnxRuntime(content, "one.onnx", 1) as engine:
        found = engine.run(pixels)
    with torch.inference_mode():
        expected = made(torch.from_numpy(normalisation.apply(pixels)).permute(0, 3, 1, 2)).numpy()
    assert np.abs(found - expected).max() <= (1e-3 if name in ("raw", "caffe") else 1e-5)
    assert onnx.load_from_string(content).graph.node[0].op_type == "Cast"


def test_the_network_keeps_its_mode_and_the_file_its_facts() -> None:
    made = network().train()
    content = to_onnx(made, UNIT_PX, metadata={"hemocam.architecture": "field", "hemocam.classes": ""})
    assert made.training
    facts = {one.key: one.value for one in onnx.load_from_string(content).metadata_props}
    assert facts == {"hemocam.architecture": "field"}


def test_what_the_exporter_does_not_know_is_refused() -> None:
    class Odd(torch.nn.Module):
        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return torch.linalg.matrix_exp(x.contiguous())

    with pytest.raises(ConversionError, match="matrix_exp"):
        to_onnx(Odd(), 4)
    with pytest.raises(ConversionError, match=r"does not run on \(2, 3, 16, 16\)"):
        to_onnx(torch.nn.Conv2d(4, 2, 1), 4)
