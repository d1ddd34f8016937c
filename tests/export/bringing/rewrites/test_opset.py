# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from onnx import TensorProto, helper, numpy_helper

from export.bringing.rewrites.opset import at_opset, opset_of
from export.bringing.session import Session
from export.conversion_error import ConversionError

X = np.random.default_rng(0).random((2, 3, 8, 8), dtype=np.float32)


def model(opset: int, *nodes: onnx.NodeProto, **constants: np.ndarray) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", 3, "h", "w"])
    result = helper.make_tensor_value_info("y", TensorProto.FLOAT, ["n", "c", "h2", "w2"])
    kept = [numpy_helper.from_array(one, name) for name, one in constants.items()]
    graph = helper.make_graph(list(nodes), "g", [value], [result], kept)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=7)


UPSAMPLE = helper.make_node("Upsample", ["x", "scales"], ["y"], mode="nearest")
MEAN = helper.make_node("ReduceMean", ["x", "axes"], ["y"], keepdims=1, noop_with_empty_axes=0)
PAD = helper.make_node("Pad", ["x", "pads", "", "axes"], ["y"], mode="reflect")


@pytest.mark.parametrize(
    "made",
    [
        model(9, UPSAMPLE, scales=np.asarray([1, 1, 2, 2], np.float32)),
        model(18, MEAN, axes=np.asarray([2, 3])),
        model(20, MEAN, axes=np.asarray([-1])),
        model(18, PAD, axes=np.asarray([2, 3]), pads=np.asarray([1, 2, 3, 0])),
        model(18, PAD, axes=np.asarray([3, -2]), pads=np.asarray([1, 2, 3, 0])),
    ],
    ids=["upsample", "mean", "mean-20", "pad", "pad-negative"],
)  # fmt: skip
def test_it_becomes_17_and_computes_the_same(made: onnx.ModelProto) -> None:
    found = at_opset(made)
    assert opset_of(found) == 17
    onnx.checker.check_model(found, full_check=True)
    assert np.array_equal(Session(found).run(X)[0], Session(made).run(X)[0])


def test_what_is_new_stays_new() -> None:
    made = model(20, helper.make_node("Gelu", ["x"], ["y"]))
    assert opset_of(at_opset(made)) == 20


def test_what_is_too_old_is_refused() -> None:
    with pytest.raises(ConversionError, match="its opset is 6"):
        at_opset(model(6, helper.make_node("Relu", ["x"], ["y"])))
