# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")
torch = pytest.importorskip("torch", reason="the truth is PyTorch's: pip install hemocam[export]")

from onnx import TensorProto, helper

from export.bringing.rewrites.unpooling import without_unpooling
from export.bringing.session import Session
from export.conversion_error import ConversionError


def model(side: int, opset: int = 17, kernel: int | None = None) -> onnx.ModelProto:
    """(b, c, h, w) to what MaxUnpool makes of its maxima times three."""
    window = kernel or side
    nodes = [
        helper.make_node("MaxPool", ["x"], ["p", "i"], name="pool", kernel_shape=[window, window], strides=[side, side]),
        helper.make_node("Mul", ["p", "three"], ["d"]),
        helper.make_node("MaxUnpool", ["d", "i"], ["y"], name="back", kernel_shape=[window, window], strides=[side, side]),
    ]
    shape = ["b", 5, "h", "w"]
    graph = helper.make_graph(
        nodes, "g", [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)],
        [helper.make_tensor("three", TensorProto.FLOAT, [], [3.0])],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)


@pytest.mark.parametrize("opset", [17, 18])
@pytest.mark.parametrize("side", [2, 3])
def test_it_is_bit_for_bit_the_unpooling_ties_included(side: int, opset: int) -> None:
    made = model(side, opset)
    assert without_unpooling(made) == 1
    onnx.checker.check_model(made, full_check=True)
    rng = np.random.default_rng(1)
    # Few values, so that most windows have ties, and after a ReLU whole windows of zeros.
    x = np.maximum(rng.integers(-3, 3, (2, 5, 6 * side, 4 * side)), 0).astype(np.float32)
    pooled, indices = torch.nn.functional.max_pool2d(torch.from_numpy(x), side, return_indices=True)
    truth = torch.nn.functional.max_unpool2d(pooled * 3, indices, side).numpy()
    # A value in every place that equals the maximum would be another picture: the test can fail.
    ties = np.where(x == pooled.numpy().repeat(side, 2).repeat(side, 3), 3 * x, 0)
    assert (ties != truth).any()
    assert np.array_equal(Session(made).run(x)[0], truth)
    assert np.array_equal(Session(model(side, opset)).run(x)[0], truth)


def test_nothing_that_tensorrt_refuses_is_left() -> None:
    made = model(2)
    without_unpooling(made)
    assert "MaxUnpool" not in {node.op_type for node in made.graph.node}
    assert all(len(node.output) == 1 for node in made.graph.node if node.op_type == "MaxPool")


def test_tensorrt_takes_it() -> None:
    trt = pytest.importorskip("tensorrt_rtx", reason="parsing needs TensorRT for RTX: pip install hemocam[rtx]")
    for rewritten in (False, True):
        made = model(2)
        if rewritten:
            without_unpooling(made)
        logger = trt.Logger(trt.Logger.INTERNAL_ERROR)
        network = trt.Builder(logger).create_network(0)
        assert trt.OnnxParser(network, logger).parse(made.SerializeToString()) == rewritten


def test_overlapping_windows_are_refused_by_name() -> None:
    with pytest.raises(ConversionError, match=r"node pool \(MaxPool\)"):
        without_unpooling(model(2, kernel=3))


def test_a_graph_without_unpooling_stays() -> None:
    made = model(2)
    del made.graph.node[2]
    made.graph.output[0].name = "d"
    del made.graph.node[0].output[1:]
    before = made.SerializeToString()
    assert without_unpooling(made) == 0
    assert made.SerializeToString() == before
