"""The real thing: TensorRT for RTX parses and builds here, without a GPU."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("tensorrt_rtx", reason="the real parser and builder")
pytest.importorskip("onnx", reason="the graphs are made on the spot")

from onnx import TensorProto, helper, numpy_helper

from engines.tensorrt.binding import TensorRT, find_tensorrt
from engines.tensorrt.building import BuildFailed, BuildOptions, GraphRefused, OptionMissing, Profile, Typing, build, build_plan
from engines.tensorrt.profiles import ProfileInvalid, one_size

FIELD = Path("engines/models/field/model-fp32.onnx")
SMALL = Profile((1, 64, 64), (1, 64, 96), (2, 128, 128))


@pytest.fixture(scope="module")
def trt() -> TensorRT:
    return find_tensorrt("tensorrt_rtx")


def network(
    *extra: Any, last: str = "logits", sides: tuple[Any, Any] = ("height", "width"), dtype: int = TensorProto.UINT8
) -> bytes:
    """uint8 NHWC pixels → one 3x3 convolution to two channels, and `extra` nodes from `features` to `last`."""
    generator = np.random.default_rng(1)
    weights = numpy_helper.from_array(generator.normal(size=(2, 3, 3, 3)).astype(np.float32), "weights")
    nodes = [
        helper.make_node("Cast", ["pixels"], ["floats"], to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["planes"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["planes", "weights"], ["features"], name="conv1", pads=[1, 1, 1, 1]),
        *(extra or [helper.make_node("Relu", ["features"], ["logits"])]),
    ]
    pixels = helper.make_tensor_value_info("pixels", dtype, ["batch", *sides, 3])
    logits = helper.make_tensor_value_info(last, TensorProto.FLOAT, None)
    graph = helper.make_graph(nodes, "tiny", [pixels], [logits], [weights])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(model.SerializeToString())


def unpooling() -> bytes:
    """SegNet as published: pooling that keeps its indices."""
    return network(
        helper.make_node("MaxPool", ["features"], ["pooled", "at"], name="pool4", kernel_shape=[2, 2], strides=[2, 2]),
        helper.make_node("MaxUnpool", ["pooled", "at"], ["logits"], name="unpool9", kernel_shape=[2, 2], strides=[2, 2]),
    )


def test_a_tiny_network_builds_and_tells_its_progress(trt: TensorRT) -> None:
    told: list[tuple[str, int, int]] = []
    built = build(network(), BuildOptions(SMALL, "fp32"), trt, lambda *step: told.append(step))
    assert len(built.plan) > 1000 and built.layers >= 4 and built.typing is Typing.STRONG
    assert built.runtime.startswith("TensorRT-RTX 1.")
    assert ("Building engine", 0, 6) in told and told[-1] == ("Building engine", 6, 6)
    assert all(0 <= done <= steps for _, done, steps in told)


def test_the_model_that_ships_builds_in_fp32(trt: TensorRT) -> None:
    onnx = FIELD.read_bytes()
    built = build(onnx, BuildOptions(precision="fp32"), trt)
    assert built.layers > 50 and len(built.plan) > len(onnx) / 2


def test_the_model_that_ships_builds_in_fp16_and_is_about_half_as_large(trt: TensorRT) -> None:
    from export.to_half import to_half

    onnx = FIELD.read_bytes()
    half = build(to_half(onnx), BuildOptions(), trt)
    assert len(half.plan) < 0.7 * len(build_plan(onnx, BuildOptions(precision="fp32"), trt))


def test_an_fp32_graph_is_not_taken_for_fp16(trt: TensorRT) -> None:
    with pytest.raises(GraphRefused, match="hemocam export half"):
        build_plan(network(), BuildOptions(SMALL), trt)


def test_symmetric_quantisation_builds_and_a_zero_point_is_refused_by_name(trt: TensorRT) -> None:
    def quantised(zero: int) -> bytes:
        return network(
            helper.make_node("Constant", [], ["scale"], value=numpy_helper.from_array(np.float32(0.1))),
            helper.make_node("Constant", [], ["zero"], value=numpy_helper.from_array(np.int8(zero))),
            helper.make_node("QuantizeLinear", ["features", "scale", "zero"], ["small"], name="quantize5"),
            helper.make_node("DequantizeLinear", ["small", "scale", "zero"], ["logits"], name="dequantize6"),
        )

    assert build_plan(quantised(0), BuildOptions(SMALL, "int8"), trt)
    with pytest.raises(GraphRefused, match=r"quantize5.*hemocam export int8 --for tensorrt"):
        build_plan(quantised(3), BuildOptions(SMALL, "int8"), trt)


def test_unpooling_is_refused_by_its_nodes_names(trt: TensorRT) -> None:
    with pytest.raises(GraphRefused) as refused:
        build_plan(unpooling(), BuildOptions(SMALL, "fp32"), trt)
    for part in ("node 'pool4' (MaxPool): UNSUPPORTED_NODE", "node 'unpool9' (MaxUnpool)", "hemocam export onnx"):
        assert part in str(refused.value)


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x08\x08", FIELD.read_bytes()[:5000]])
def test_what_is_no_onnx_is_refused(trt: TensorRT, content: bytes) -> None:
    with pytest.raises(GraphRefused, match="hemocam export onnx"):
        build_plan(content, BuildOptions(SMALL, "fp32"), trt)


def test_a_float_input_is_refused(trt: TensorRT) -> None:
    with pytest.raises(GraphRefused, match=r"input pixels is \(-1, -1, -1, 3\) FLOAT"):
        build_plan(network(dtype=TensorProto.FLOAT), BuildOptions(SMALL, "fp32"), trt)


def test_a_fixed_size_takes_its_own_profile_alone(trt: TensorRT) -> None:
    onnx = network(sides=(80, 80))
    with pytest.raises(ProfileInvalid, match="takes only height 80"):
        build_plan(onnx, BuildOptions(SMALL, "fp32"), trt)
    assert build_plan(onnx, BuildOptions(one_size(4, 80, 80), "fp32"), trt)


def test_too_small_a_workspace_says_so_and_the_next_build_is_well(trt: TensorRT) -> None:
    onnx = FIELD.read_bytes()
    with pytest.raises(BuildFailed, match=r"workspace limit.*give it a larger workspace"):
        build_plan(onnx, BuildOptions(precision="fp32", workspace_bytes=1 << 16), trt)
    assert build_plan(onnx, BuildOptions(precision="fp32"), trt)


def test_what_progress_raises_calls_it_off(trt: TensorRT) -> None:
    def stop(phase: str, done: int, steps: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        build_plan(network(), BuildOptions(SMALL, "fp32"), trt, stop)


@pytest.mark.parametrize(
    "options",
    [
        BuildOptions(SMALL, "fp32", timing_cache=Path("timings")),
        BuildOptions(SMALL, "fp32", hardware_compatible=True),
        BuildOptions(one_size(1, 64, 64), dla_core=0),
        BuildOptions(SMALL, "fp16", Typing.WEAK),
    ],
)
def test_what_rtx_lacks_is_said(trt: TensorRT, options: BuildOptions) -> None:
    with pytest.raises(OptionMissing, match="TensorRT-RTX"):
        build_plan(network(), options, trt)


def test_version_compatible_plans_want_the_lean_runtime(trt: TensorRT) -> None:
    """Its library is not in the package: TensorRT's line and the cure must say it, or it must build."""
    try:
        assert build_plan(network(), BuildOptions(SMALL, "fp32", version_compatible=True), trt)
    except BuildFailed as error:
        assert "libnvinfer_lean" in str(error) and "leave version compatibility out" in str(error)


def test_two_builds_at_once(trt: TensorRT) -> None:
    plans: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: plans.append(build_plan(network(), BuildOptions(SMALL, "fp32"), trt))) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(plans) == 2 and all(plans)
