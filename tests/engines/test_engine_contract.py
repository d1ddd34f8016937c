"""What every runtime keeps: the same suite for all of them. Each takes uint8 pixels and gives the red channel / 255 twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from threading import Thread

import numpy as np
import pytest

from engines.contract import Engine, InferenceFailed, Tensor
from engines.fake import FakeEngine
from engines.finite import FiniteEngine
from engines.onnxrt import OnnxRuntime
from engines.tensorrt.buffers import HostMemory
from engines.tensorrt.running import TensorRTEngine
from tests.engines import trt_double
from tests.engines.cuda_double import CudaDouble
from tests.engines.onnx_models import model_bytes


def red_twice(tensor: Tensor) -> Tensor:
    red = (tensor[..., 0].astype(np.float32) * np.float32(1.0 / 255.0))[:, None]
    return np.repeat(red, 2, axis=1)


def _fake() -> Engine:
    return FakeEngine(red_twice, 2)


def _finite() -> Engine:
    return FiniteEngine(_fake())


def _onnxruntime() -> Engine:
    pytest.importorskip("onnx", reason="the model under test is made with onnx, which only export needs")
    return OnnxRuntime(model_bytes(2), "red.onnx", threads=1)


def _tensorrt(memory: HostMemory = HostMemory.COPIED) -> Engine:
    pytest.importorskip("onnx", reason="the model under test is made with onnx, which only export needs")
    cuda = CudaDouble()
    plan = trt_double.plan_of(model_bytes(2))
    return TensorRTEngine(plan, "red.plan", "fp16", trt=trt_double.double(cuda), cuda=cuda, memory=memory)


def _tensorrt_mapped() -> Engine:
    return _tensorrt(HostMemory.MAPPED)


@pytest.fixture(
    params=[_fake, _finite, _onnxruntime, _tensorrt, _tensorrt_mapped],
    ids=["fake", "finite", "onnxruntime", "tensorrt", "tensorrt mapped"],
)
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    make: Callable[[], Engine] = request.param
    with make() as opened:
        yield opened


def pixels(seed: int = 0, shape: tuple[int, ...] = (1, 8, 16, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_it_names_itself_and_its_tensors(engine: Engine) -> None:
    assert engine.runtime.split()[0] in ("fake", "onnxruntime", "TensorRT")
    assert (engine.input.dtype, engine.input.shape) == ("uint8", (None, None, None, 3))
    assert (engine.output.dtype, engine.output.shape) == ("float32", (None, 2, None, None))


@pytest.mark.parametrize("shape", [(1, 8, 16, 3), (3, 8, 8, 3), (1, 1, 1, 3), (1, 40, 24, 3)])
def test_the_output_is_the_models(engine: Engine, shape: tuple[int, ...]) -> None:
    tensor = pixels(1, shape)
    output = engine.run(tensor)
    assert engine.output.accepts(output)
    assert output == pytest.approx(red_twice(tensor), abs=1e-6)


def test_the_same_input_gives_the_same_output(engine: Engine) -> None:
    tensor = pixels(2)
    assert np.array_equal(engine.run(tensor), engine.run(tensor.copy()))


def test_the_input_is_left_alone(engine: Engine) -> None:
    tensor = pixels(3)
    before = tensor.copy()
    engine.run(tensor)
    assert np.array_equal(tensor, before)


def test_a_view_that_is_not_contiguous_runs(engine: Engine) -> None:
    tensor = pixels(4, (1, 16, 32, 3))[:, ::2, ::2]
    assert engine.run(tensor) == pytest.approx(red_twice(tensor), abs=1e-6)


def test_a_copy_of_the_output_stays_and_the_next_run_is_right(engine: Engine) -> None:
    tensor = pixels(5)
    kept = engine.run(tensor).copy()
    other = engine.run(pixels(6))
    assert other == pytest.approx(red_twice(pixels(6)), abs=1e-6)
    assert kept == pytest.approx(red_twice(tensor), abs=1e-6)
    assert np.array_equal(engine.run(tensor), kept)


def test_sizes_may_change_from_run_to_run(engine: Engine) -> None:
    for seed, shape in enumerate([(1, 8, 16, 3), (4, 40, 24, 3), (1, 2, 2, 3), (2, 64, 80, 3), (1, 8, 16, 3)]):
        tensor = pixels(seed, shape)
        assert engine.run(tensor) == pytest.approx(red_twice(tensor), abs=1e-6)


def test_another_thread_may_run_it(engine: Engine) -> None:
    outputs: list[np.ndarray] = []
    thread = Thread(target=lambda: outputs.append(engine.run(pixels(7)).copy()))
    thread.start()
    thread.join()
    assert outputs[0] == pytest.approx(red_twice(pixels(7)), abs=1e-6)


def test_an_engine_that_is_closed_says_so(engine: Engine) -> None:
    engine.__exit__(None, None, None)
    with pytest.raises(InferenceFailed, match="the engine is closed"):
        engine.run(pixels())
    engine.__exit__(None, None, None)


@pytest.mark.parametrize(
    "tensor",
    [
        pixels().astype(np.float32),
        pixels().astype(np.int64),
        pixels()[0],
        pixels()[None],
        pixels(shape=(1, 8, 16, 4)),
        pixels(shape=(1, 3, 8, 16)),
    ],
    ids=["float32", "int64", "rank 3", "rank 5", "four colours", "channels first"],
)
def test_what_does_not_fit_is_refused_and_the_next_runs(engine: Engine, tensor: np.ndarray) -> None:
    with pytest.raises(InferenceFailed, match="the model takes"):
        engine.run(tensor)
    assert engine.run(pixels()) == pytest.approx(red_twice(pixels()), abs=1e-6)
