# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import logging

import numpy as np
import pytest

onnx = pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")
pytest.importorskip("torch", reason="conversion needs PyTorch: pip install hemocam[export]")

from onnx import TensorProto, helper, numpy_helper

from engines.onnxrt import OnnxRuntime
from export.half_range import out_of_range
from export.half_rounding import rounded
from export.to_half import HalfError, to_half
from export.to_int8 import to_int8
from export.to_onnx import to_onnx
from tests.export.networks import UNIT_PX, network
from tests.export.onnx_graphs import floats, kinds, model

PIXELS = np.random.default_rng(0).integers(0, 256, (1, 32, 24, 3), dtype=np.uint8)
HALF, FLOAT = TensorProto.FLOAT16, TensorProto.FLOAT


def run(content: bytes, pixels: np.ndarray = PIXELS) -> np.ndarray:
    return np.asarray(OnnxRuntime(content, "tiny.onnx", 1).run(pixels))


@pytest.fixture(scope="module")
def both() -> tuple[bytes, bytes]:
    fp32 = to_onnx(network(), UNIT_PX)
    return fp32, to_half(fp32)


def test_it_says_what_fp32_says(both: tuple[bytes, bytes]) -> None:
    expected, found = run(both[0]), run(both[1])
    assert found.dtype == np.float32
    assert 0.0 < np.abs(found - expected).max() < 0.01 * np.abs(expected).max()


def test_input_and_logits_stay_as_they_were(both: tuple[bytes, bytes]) -> None:
    fp32, half = (onnx.load_model_from_string(content).graph for content in both)
    assert [*half.input] == [*fp32.input]
    assert half.output[0].name == "logits"
    assert half.output[0].type.tensor_type.elem_type == FLOAT
    assert half.node[0].op_type == "Cast"
    assert half.node[0].input[0] == "pixels"


def test_its_weights_take_half_the_room(both: tuple[bytes, bytes]) -> None:
    def size(content: bytes) -> int:
        graph = onnx.load_model_from_string(content).graph
        return sum(numpy_helper.to_array(one).nbytes for one in graph.initializer if one.data_type in (HALF, FLOAT))

    assert size(both[1]) == pytest.approx(size(both[0]) / 2, rel=0.01)


def test_a_node_has_operands_of_one_precision(both: tuple[bytes, bytes]) -> None:
    """Strongly typed TensorRT refuses others; scales of Resize are no operand."""
    types = kinds(both[1])
    for node in onnx.load_model_from_string(both[1]).graph.node:
        operands = node.input[:2] if node.op_type == "Resize" else node.input
        assert len({types[name] for name in operands if types.get(name) in (HALF, FLOAT)}) <= 1, node.name


def test_scales_stay_fp32_though_an_fp16_node_shares_them() -> None:
    scales = np.array([1.0, 1.0, 2.4, 2.4], np.float32)
    nodes = [
        *floats(),
        helper.make_node("Resize", ["x", "", "scales"], ["grown"], "grow", mode="nearest"),
        helper.make_node("ReduceMax", ["scales"], ["most"], "most", keepdims=0),
        helper.make_node("Mul", ["grown", "most"], ["logits"], "last"),
    ]
    half = to_half(model(nodes, {"scales": scales}))
    types = kinds(half)
    (resize,) = (node for node in onnx.load_model_from_string(half).graph.node if node.op_type == "Resize")
    assert types[resize.input[2]] == FLOAT
    assert types[resize.input[0]] == HALF
    assert run(half).shape[2:] == (int(32 * 2.4), int(24 * 2.4))


def test_scales_that_are_computed_stay_fp32_on_the_whole_way() -> None:
    """3001 px are 3000 in FP16: a size worked out in FP16 would be another."""
    nodes = [
        *floats(),
        helper.make_node("Shape", ["x"], ["shape"], "shape"),
        helper.make_node("Cast", ["shape"], ["sizes"], "sizes", to=FLOAT),
        helper.make_node("Div", ["wanted", "sizes"], ["scales"], "div"),
        helper.make_node("Resize", ["x", "", "scales"], ["logits"], "grow", mode="nearest"),
    ]
    half = to_half(model(nodes, {"wanted": np.array([1, 3, 8, 3001], np.float32)}))
    assert run(half).shape == (1, 3, 8, 3001)
    nodes = {node.name: node for node in onnx.load_model_from_string(half).graph.node}
    assert nodes["grow"].input[2] == nodes["div"].output[0]
    assert {kinds(half)[name] for name in nodes["div"].input} == {FLOAT}


def test_a_value_beyond_its_range_keeps_its_node_in_fp32_and_is_named(caplog: pytest.LogCaptureFixture) -> None:
    nodes = [
        *floats(),
        helper.make_node("Mul", ["x", "large"], ["much"], "up"),
        helper.make_node("Mul", ["much", "small"], ["logits"], "down"),
    ]
    fp32 = model(nodes, {"large": np.float32([70000.0]), "small": np.float32([1e-4])})
    (found,) = out_of_range(onnx.load_model_from_string(fp32))
    assert (found.name, found.overflowing, found.vanishing, found.matters) == ("large", 1, 0, True)
    with caplog.at_level(logging.WARNING):
        half = to_half(fp32)
    assert "FP16 cannot hold large: 1 of 1 values beyond 65504" in caplog.text
    assert kinds(half)["large"] == FLOAT
    # The product is beyond FP16 too: this is what the gate on labels and counts is for.
    assert np.isinf(run(rounded(half))).any()
    kept = to_half(fp32, keep_fp32=("down",))
    np.testing.assert_allclose(run(rounded(kept)), run(fp32), rtol=2e-3)


def test_values_too_near_to_zero_are_counted_and_told_where_they_are_many(caplog: pytest.LogCaptureFixture) -> None:
    def with_small(share: float) -> bytes:
        weight = np.ones((1, 3, 10, 10), np.float32)
        weight.reshape(-1)[: round(300 * share)] = 1e-9
        nodes = [*floats(), helper.make_node("Mul", ["x", "weight"], ["logits"], "mul")]
        return model(nodes, {"weight": weight})

    (few,) = out_of_range(onnx.load_model_from_string(with_small(0.01)))
    (many,) = out_of_range(onnx.load_model_from_string(with_small(0.5)))
    assert (few.vanishing, few.matters, many.vanishing, many.matters) == (3, False, 150, True)
    with caplog.at_level(logging.WARNING):
        to_half(with_small(0.01))
        assert not caplog.text
        to_half(with_small(0.5))
    assert "weight: 150 of 300 values nearer to 0 than 6e-08" in caplog.text


def test_a_last_softmax_stays_fp32() -> None:
    half = to_half(model([*floats(), helper.make_node("Softmax", ["x"], ["logits"], "last", axis=1)]))
    (softmax,) = (node for node in onnx.load_model_from_string(half).graph.node if node.op_type == "Softmax")
    assert kinds(half)[softmax.input[0]] == FLOAT
    np.testing.assert_allclose(run(half).sum(1), 1.0, atol=1e-6)


def test_between_two_nodes_that_stay_fp32_nothing_is_rounded() -> None:
    nodes = [
        *floats(),
        helper.make_node("Div", ["x", "third"], ["a"], "first"),
        helper.make_node("Mul", ["a", "third"], ["logits"], "second"),
    ]
    half = to_half(model(nodes, {"third": np.float32([3.0])}), keep_fp32=("first", "second"))
    second = next(node for node in onnx.load_model_from_string(half).graph.node if node.name == "second")
    assert kinds(half)[second.input[0]] == FLOAT
    assert "Cast" not in {
        node.op_type for node in onnx.load_model_from_string(half).graph.node if node.output[0] in second.input
    }


def test_a_float_input_stays_float() -> None:
    nodes = [helper.make_node("Transpose", ["pixels"], ["logits"], "t", perm=[0, 3, 1, 2])]
    half = to_half(model(nodes, dtype=FLOAT))
    assert OnnxRuntime(half, "tiny.onnx", 1).input.dtype == "float32"


def test_its_metadata_stay_and_say_fp16() -> None:
    given = onnx.load_model_from_string(model([*floats(), helper.make_node("Relu", ["x"], ["logits"], "r")]))
    onnx.helper.set_model_props(given, {"hemocam.architecture": "unet"})
    half = onnx.load_model_from_string(to_half(given.SerializeToString()))
    assert {one.key: one.value for one in half.metadata_props} == {
        "hemocam.architecture": "unet",
        "hemocam.precision": "fp16",
    }


def branch() -> bytes:
    def arm(name: str) -> onnx.GraphProto:
        node = helper.make_node("Relu" if name == "then" else "Neg", ["x"], [name])
        return helper.make_graph([node], name, [], [helper.make_tensor_value_info(name, FLOAT, None)])

    node = helper.make_node("If", ["yes"], ["logits"], "choose", then_branch=arm("then"), else_branch=arm("else"))
    return model([*floats(), node], {"yes": np.array(True)})


@pytest.mark.parametrize("content", [b"", b"no model", b"\x08\x07"], ids=["empty", "text", "a header"])
def test_what_is_no_model_is_refused(content: bytes) -> None:
    with pytest.raises(HalfError, match="no ONNX model"):
        to_half(content)


def test_what_is_converted_already_is_refused(both: tuple[bytes, bytes]) -> None:
    with pytest.raises(HalfError, match="FP16 weights already"):
        to_half(both[1])
    with pytest.raises(HalfError, match="quantised"):
        to_half(to_int8(both[0], [PIXELS]))


def test_a_branch_is_refused_by_its_name() -> None:
    with pytest.raises(HalfError, match=r"node choose \(If\) has a branch"):
        to_half(branch())


def test_a_node_that_is_not_there_cannot_be_kept(both: tuple[bytes, bytes]) -> None:
    with pytest.raises(HalfError, match="no node nowhere"):
        to_half(both[0], keep_fp32=("nowhere",))


def test_tensorrt_builds_it(both: tuple[bytes, bytes]) -> None:
    pytest.importorskip("tensorrt_rtx", reason="building needs TensorRT-RTX: pip install hemocam[rtx]")
    from engines.tensorrt.building import BuildOptions, Profile, Typing, build

    size = (1, 32, 32)
    built = build(both[1], BuildOptions(Profile(size, size, (1, 64, 64))))
    assert built.typing is Typing.STRONG
    assert len(built.plan) > 1000
