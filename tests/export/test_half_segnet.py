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
from export.zoo.unpooling import Unpooling, pool, unpool
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


class _Steps(torch.nn.Module):
    """Pools and unpools values that lie less than FP16's step apart: pixels / 255 + 8, where FP16 has steps of 2 pixels."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled, where = pool(x + 8.0, Unpooling.MASK)
        return unpool(pooled, where, Unpooling.MASK)


def test_no_maximum_moves() -> None:
    """In FP16 neighbours become equal, and a value lands a pixel off, however small the rounding was."""
    fp32 = to_onnx(_Steps(), 2)
    pixels = np.random.default_rng(0).integers(100, 104, (1, 64, 64, 3), dtype=np.uint8)
    expected, found = (OnnxRuntime(content, "steps", 1).run(pixels) for content in (fp32, rounded(to_half(fp32))))
    np.testing.assert_array_equal(found > 0, expected > 0)
    assert not np.array_equal(found, expected), "the values themselves are rounded"


def test_tensorrt_builds_it(both: tuple[bytes, bytes]) -> None:
    pytest.importorskip("tensorrt_rtx", reason="building needs TensorRT-RTX: pip install hemocam[rtx]")
    from engines.tensorrt.building import BuildOptions, Profile, build_plan

    size = (1, 64, 64)
    assert len(build_plan(both[1], BuildOptions(Profile(size, size, (1, 128, 96))))) > 1000
