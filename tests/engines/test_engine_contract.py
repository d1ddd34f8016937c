"""What every runtime keeps: the same suite for all of them. Each takes uint8 pixels and gives the red channel / 255 twice."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest

from engines.contract import Engine, InferenceFailed, Tensor
from engines.fake import FakeEngine
from engines.onnxrt import OnnxRuntime
from tests.engines.onnx_models import model_bytes


def red_twice(tensor: Tensor) -> Tensor:
    red = (tensor[..., 0].astype(np.float32) * np.float32(1.0 / 255.0))[:, None]
    return np.repeat(red, 2, axis=1)


def _fake() -> Engine:
    return FakeEngine(red_twice, 2)


def _onnxruntime() -> Engine:
    pytest.importorskip("onnx", reason="the model under test is made with onnx, which only export needs")
    return OnnxRuntime(model_bytes(2), "red.onnx", threads=1)


@pytest.fixture(params=[_fake, _onnxruntime], ids=["fake", "onnxruntime"])
def engine(request: pytest.FixtureRequest) -> Iterator[Engine]:
    make: Callable[[], Engine] = request.param
    with make() as opened:
        yield opened


def pixels(seed: int = 0, shape: tuple[int, ...] = (1, 8, 16, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_it_names_itself_and_its_tensors(engine: Engine) -> None:
    assert engine.runtime.split()[0] in ("fake", "onnxruntime")
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


def test_the_output_belongs_to_the_caller(engine: Engine) -> None:
    tensor = pixels(5)
    first = engine.run(tensor)
    kept = first.copy()
    engine.run(pixels(6))
    assert np.array_equal(first, kept)
    first[...] = -1.0
    assert np.array_equal(engine.run(tensor), kept)


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
