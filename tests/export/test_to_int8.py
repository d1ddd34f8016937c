from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("torch", reason="conversion needs PyTorch: pip install hemocam[export]")
pytest.importorskip("onnx", reason="conversion needs ONNX: pip install hemocam[export]")
pytest.importorskip("sympy", reason="quantisation needs sympy: pip install hemocam[export]")

from engines.onnxrt import OnnxRuntime
from export.to_half import to_half
from export.to_int8 import Int8Error, Int8For, to_int8
from export.to_onnx import to_onnx
from tests.export.networks import UNIT_PX, network


def pictures(seed: int, count: int = 4) -> list[np.ndarray]:
    rng = np.random.default_rng(seed)
    return [rng.integers(0, 256, (1, 32, 32, 3), dtype=np.uint8) for _ in range(count)]


@pytest.fixture(scope="module")
def both() -> tuple[bytes, bytes]:
    fp32 = to_onnx(network(), UNIT_PX)
    return fp32, to_int8(fp32, iter(pictures(0)))


def test_it_says_what_fp32_says(both: tuple[bytes, bytes]) -> None:
    fp32, int8 = (OnnxRuntime(content, "tiny.onnx", 1) for content in both)
    for picture in pictures(1):
        expected, found = fp32.run(picture), int8.run(picture)
        assert found.shape == expected.shape
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99
        assert not np.array_equal(found, expected)


def test_it_takes_other_sizes_than_it_was_calibrated_with(both: tuple[bytes, bytes]) -> None:
    assert OnnxRuntime(both[1], "tiny.onnx", 1).run(np.zeros((2, 48, 40, 3), np.uint8)).shape == (2, 6, 48, 40)


def test_it_holds_its_weights_in_8_bits(both: tuple[bytes, bytes]) -> None:
    import onnx

    fp32, int8 = (onnx.load_from_string(content) for content in both)
    assert {node.op_type for node in int8.graph.node} >= {"QuantizeLinear", "DequantizeLinear"}

    def weight_bytes(model: onnx.ModelProto) -> int:
        return sum(onnx.numpy_helper.to_array(one).nbytes for one in model.graph.initializer if len(one.dims) == 4)

    assert weight_bytes(int8) * 4 == weight_bytes(fp32)


def test_nodes_can_be_kept_as_they_are(both: tuple[bytes, bytes]) -> None:
    import onnx

    convolutions = [node.name for node in onnx.load_from_string(both[0]).graph.node if node.op_type == "Conv"]
    kept = onnx.load_from_string(to_int8(both[0], pictures(0, 1), keep_fp32=tuple(convolutions)))
    assert not [one for one in kept.graph.initializer if len(one.dims) == 4 and one.data_type == onnx.TensorProto.INT8]


@pytest.fixture(scope="module")
def symmetric(both: tuple[bytes, bytes]) -> bytes:
    return to_int8(both[0], pictures(0), target=Int8For.TENSORRT)


def test_for_tensorrt_nothing_has_a_zero_point_and_no_bias_is_quantised(symmetric: bytes) -> None:
    import onnx

    graph = onnx.load_from_string(symmetric).graph
    tensors = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    quantised = [node for node in graph.node if node.op_type in ("QuantizeLinear", "DequantizeLinear")]
    assert quantised
    for node in quantised:
        assert tensors[node.input[2]].dtype == np.int8
        assert not tensors[node.input[2]].any()
    assert not [name for name, tensor in tensors.items() if tensor.dtype == np.int32]
    (weights,) = {tensor.ndim for tensor in tensors.values() if tensor.dtype == np.int8 and tensor.ndim > 1}
    assert weights == 4


def test_for_tensorrt_it_says_what_fp32_says(both: tuple[bytes, bytes], symmetric: bytes) -> None:
    for picture in pictures(1):
        expected, found = (OnnxRuntime(content, "tiny.onnx", 1).run(picture) for content in (both[0], symmetric))
        assert np.corrcoef(found.ravel(), expected.ravel())[0, 1] > 0.99


def test_tensorrt_builds_its_form(symmetric: bytes) -> None:
    pytest.importorskip("tensorrt_rtx", reason="building needs TensorRT-RTX: pip install hemocam[rtx]")
    from engines.tensorrt.building import BuildOptions, Profile, build_plan

    size = (1, 32, 32)
    assert len(build_plan(symmetric, BuildOptions(Profile(size, size, size), precision="int8"))) > 1000


@pytest.mark.parametrize("target", list(Int8For))
def test_what_cannot_be_quantised_is_refused(both: tuple[bytes, bytes], target: Int8For) -> None:
    for bad in (b"", b"no model"):
        with pytest.raises(Int8Error, match="no ONNX model"):
            to_int8(bad, pictures(0), target=target)
    with pytest.raises(Int8Error, match="quantised already"):
        to_int8(both[1], pictures(0), target=target)
    with pytest.raises(Int8Error, match="no picture to calibrate on"):
        to_int8(both[0], [], target=target)
    with pytest.raises(Int8Error, match="FP16"):
        to_int8(to_half(both[0]), pictures(0), target=target)
