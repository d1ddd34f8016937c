# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
"""FP16 of a network that asks where its maxima were."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="conversion needs PyTorch: pip install hemocam[export]")
onnx = pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")

from onnx import TensorProto

from engines.onnxrt import OnnxRuntime
from export.half_rounding import rounded
from export.to_half import to_half
from export.to_onnx import to_onnx
from export.zoo.segnet import SegNet
from tests.export.onnx_graphs import kinds


@pytest.fixture(scope="module")
def both() -> tuple[bytes, bytes]:
    torch.manual_seed(0)
    network = SegNet(2, 4).train()
    with torch.inference_mode():
        for _ in range(10):
            network(torch.rand(2, 3, 64, 64))
    fp32 = to_onnx(network.eval(), 32)
    return fp32, to_half(fp32)


def test_the_places_of_maxima_are_found_in_fp32_and_what_is_put_there_is_fp16(both: tuple[bytes, bytes]) -> None:
    types = kinds(both[1])
    nodes = list(onnx.load_model_from_string(both[1]).graph.node)
    equal = [node for node in nodes if node.op_type == "Equal" and types.get(node.input[0]) in (1, 10)]
    assert len(equal) == 10, "two for each of five levels"
    assert {types[name] for node in equal for name in node.input} == {TensorProto.FLOAT}
    convolutions = [types[node.input[0]] for node in nodes if node.op_type == "Conv"]
    assert convolutions.count(TensorProto.FLOAT) == 13
    assert convolutions.count(TensorProto.FLOAT16) >= 13


def test_no_maximum_moves(both: tuple[bytes, bytes]) -> None:
    """With the encoder in FP16 some do: a value then lies a pixel off, however small the rounding was."""
    pixels = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    expected, found = (OnnxRuntime(content, "segnet", 1).run(pixels) for content in (both[0], rounded(both[1])))
    assert np.abs(found - expected).max() < 0.01 * np.abs(expected).max()


def test_tensorrt_builds_it(both: tuple[bytes, bytes]) -> None:
    pytest.importorskip("tensorrt_rtx", reason="building needs TensorRT-RTX: pip install hemocam[rtx]")
    from engines.tensorrt.building import BuildOptions, Profile, build_plan

    size = (1, 64, 64)
    assert len(build_plan(both[1], BuildOptions(Profile(size, size, (1, 128, 96))))) > 1000
