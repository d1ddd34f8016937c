# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="bringing needs ONNX: pip install hemocam[export]")

from onnx import TensorProto, helper

from export.bringing.rewrites.output_logits import Head, joined, without_activation
from export.bringing.session import Session


def model(*nodes: onnx.NodeProto, outputs: tuple[str, ...] = ("y",), channels: int = 3) -> onnx.ModelProto:
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, ["b", channels, "h", "w"])
    made = [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "c", "h2", "w2"]) for name in outputs]
    graph = helper.make_graph(list(nodes), "g", [value], made)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def x(channels: int = 3, spread: float = 2.0) -> np.ndarray:
    return (np.random.default_rng(0).standard_normal((2, channels, 4, 5)) * spread).astype(np.float32)


@pytest.mark.parametrize("channels", [2, 3, 5])
def test_a_sigmoid_of_the_odds_is_the_softmax(channels: int) -> None:
    made = model(helper.make_node("Softmax", ["x"], ["y"], axis=1), channels=channels)
    labels = ("background", "rbc", "wbc", "plt", "rbc_outline")[:channels]
    assert without_activation(made, "y") == "softmax"
    joined(made, [Head("y", "softmax", "nchw", channels)], labels, "segmentation")
    powers = np.exp(x(channels).astype(np.float64))
    (logits,) = Session(made).run(x(channels))
    assert np.abs(1 / (1 + np.exp(-logits)) - (powers / powers.sum(axis=1, keepdims=True))[:, 1:]).max() < 1e-6
    (large,) = Session(made).run(x(channels, 300.0))
    assert np.isfinite(large).all()


def test_a_head_that_reads_anothers_probabilities_goes_on_reading_them() -> None:
    made = model(
        helper.make_node("Sigmoid", ["x"], ["mask"]),
        helper.make_node("Neg", ["mask"], ["edge_logits"]),
        helper.make_node("Sigmoid", ["edge_logits"], ["edge"]),
        outputs=("mask", "edge"),
    )  # fmt: skip
    heads = [Head(name, without_activation(made, name), "nchw", 3) for name in ("mask", "edge")]
    assert [head.tail for head in heads] == ["sigmoid", "sigmoid"]
    joined(made, heads, ("a", "b", "c", "d", "e", "f"), "segmentation")
    (logits,) = Session(made).run(x())
    assert np.abs(logits - np.concatenate([x(), -1 / (1 + np.exp(-x()))], axis=1)).max() < 1e-6


def test_logits_and_layouts() -> None:
    made = model(helper.make_node("Transpose", ["x"], ["t"], perm=[0, 2, 3, 1]), helper.make_node("Sigmoid", ["t"], ["logits"]),
                 outputs=("logits",))  # fmt: skip
    assert without_activation(made, "logits") == "sigmoid"
    joined(made, [Head("logits", "sigmoid", "nhwc", 3)], ("a", "background", "c"), "segmentation")
    assert np.array_equal(Session(made).run(x())[0], x()[:, [0, 2]])
    plain = model(helper.make_node("Relu", ["x"], ["y"]))
    assert without_activation(plain, "y") == "none"
