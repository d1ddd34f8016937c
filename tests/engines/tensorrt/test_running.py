"""The engine on TensorRT against doubles that keep the real ones' manners: what it does, when it fails, what it leaves."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from threading import Thread
from typing import Any

import numpy as np
import pytest

from engines.contract import InferenceFailed, PlanRefused, RuntimeMissing
from engines.tensorrt.buffers import HostMemory
from engines.tensorrt.running import TensorRTEngine
from tests.engines import trt_double
from tests.engines.cuda_double import CudaDouble, LogicError, OutOfMemory
from tests.engines.onnx_models import model_bytes

pytest.importorskip("onnx", reason="the models under test are made with onnx, which only export needs")
RED = model_bytes(2)
BOTH = pytest.mark.parametrize("memory", list(HostMemory))


def pixels(seed: int = 0, shape: tuple[int, ...] = (1, 8, 16, 3)) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def red_twice(tensor: np.ndarray) -> np.ndarray:
    return np.repeat((tensor[..., 0].astype(np.float32) / np.float32(255.0))[:, None], 2, axis=1)


class Machine:
    """A CUDA, a TensorRT and what is opened on them."""

    def __init__(self) -> None:
        self.cuda = CudaDouble()
        self.trt = trt_double.double(self.cuda)

    def open(self, plan: bytes | None = None, **asked: Any) -> TensorRTEngine:
        asked = {"trt": self.trt, "cuda": self.cuda, **asked}
        return TensorRTEngine(trt_double.plan_of(RED) if plan is None else plan, "red.plan", "fp16", **asked)


@pytest.fixture
def machine() -> Iterator[Machine]:
    """Whatever a test does: at its end nothing is left on the GPU, and nothing was done that hardware punishes."""
    made = Machine()
    yield made
    gc.collect()
    assert made.cuda.faults == []
    assert made.cuda.nothing_is_left(), +made.cuda.alive


def test_it_says_what_it_runs_on(machine: Machine) -> None:
    with machine.open() as engine:
        assert engine.runtime == "TensorRT 10.3.0 FP16 on Double GPU"
        assert engine.sizes == ((1, 1, 1, 3), (4, 640, 640, 3))
        assert engine.last_device_ms is None
        engine.run(pixels())
        assert engine.last_device_ms == pytest.approx(0.25)


@BOTH
def test_release_is_ordered_and_on_the_owners_thread(machine: Machine, memory: HostMemory) -> None:
    with machine.open(memory=memory) as engine:
        engine.run(pixels())
        machine.cuda.released.clear()
    copies = ["device memory", "page-locked memory"] if memory is HostMemory.COPIED else ["page-locked memory"]
    assert machine.cuda.released == [
        "synchronise", "execution context", "engine", "runtime", *copies, *copies, "event", "event", "stream", "pop", "detach",
    ]  # fmt: skip


@pytest.mark.parametrize(("memory", "runs"), [(HostMemory.COPIED, 10_000), (HostMemory.MAPPED, 1_000)])
def test_ten_thousand_runs_leave_nothing_behind(machine: Machine, memory: HostMemory, runs: int) -> None:
    """And allocate nothing, once the largest size was seen: four pieces of memory, two of them the GPU's."""
    tensors = [pixels(seed, (1, 2 + seed % 3, 4, 3)) for seed in range(6)]
    wanted = [red_twice(tensor) for tensor in tensors]
    with machine.open(memory=memory) as engine:
        for tensor in tensors:
            engine.run(tensor)
        before, alive = machine.cuda.made.copy(), machine.cuda.alive.copy()
        for index in range(runs):
            output = engine.run(tensors[index % 6])
            if index % 200 < 6:
                assert np.allclose(output, wanted[index % 6], atol=1e-6)
        assert (machine.cuda.made, machine.cuda.alive) == (before, alive)


def test_buffers_grow_with_room_and_never_shrink(machine: Machine) -> None:
    with machine.open() as engine:
        for side in (10, 100, 105, 20, 100):
            tensor = pixels(side, (1, side, side, 3))
            assert engine.run(tensor) == pytest.approx(red_twice(tensor), abs=1e-6)
        # 10, then 100; 105 fits into the quarter more that was taken for 100.
        assert machine.cuda.made["device memory"] == 4
        assert machine.cuda.alive["device memory"] == 2


def test_the_output_is_the_same_memory_in_the_next_run_and_stays_when_closed(machine: Machine) -> None:
    with machine.open() as engine:
        first = engine.run(pixels(1))
        second = engine.run(pixels(2))
        assert np.shares_memory(first, second)
        del first
    assert second == pytest.approx(red_twice(pixels(2)), abs=1e-6)


def test_many_threads_get_each_their_own_answer(machine: Machine) -> None:
    """One at a time, as the contract asks: the lock is the callers'."""
    from threading import Lock

    lock, wrong = Lock(), []

    def work(seed: int) -> None:
        for index in range(20):
            tensor = pixels(100 * seed + index)
            with lock:
                if not np.allclose(engine.run(tensor), red_twice(tensor), atol=1e-6):
                    wrong.append((seed, index))

    with machine.open() as engine:
        threads = [Thread(target=work, args=(seed,)) for seed in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


@BOTH
def test_half_precision_tensors_come_through(machine: Machine, memory: HostMemory) -> None:
    from onnx import TensorProto, helper

    graph = helper.make_graph(
        [helper.make_node("Cast", ["pixels"], ["half"], to=TensorProto.FLOAT16),
         helper.make_node("Transpose", ["half"], ["logits"], perm=[0, 3, 1, 2])], "half",
        [helper.make_tensor_value_info("pixels", TensorProto.UINT8, ["n", "h", "w", 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT16, ["n", 3, "h", "w"])],
    )  # fmt: skip
    content = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8).SerializeToString()
    with machine.open(trt_double.plan_of(content), memory=memory) as engine:
        output = engine.run(pixels())
        assert (engine.output.dtype, output.dtype) == ("float16", np.float16)
        assert np.array_equal(output, pixels().transpose(0, 3, 1, 2).astype(np.float16))


class TestFailures:
    def test_a_run_that_is_refused_says_why_and_the_next_one_runs(self, machine: Machine) -> None:
        with machine.open() as engine:
            engine.run(pixels())
            machine.trt.module.refusals = 1
            with pytest.raises(InferenceFailed, match=r"could not run red\.plan: .*Cask convolution execution"):
                engine.run(pixels(1))
            assert engine.last_device_ms is None
            assert engine.run(pixels(2)) == pytest.approx(red_twice(pixels(2)), abs=1e-6)

    @pytest.mark.parametrize("call", ["pagelocked_empty", "mem_alloc"])
    def test_memory_that_is_not_there(self, machine: Machine, call: str) -> None:
        with machine.open() as engine:
            machine.cuda.fail_once(call, OutOfMemory(f"{call} failed: out of memory"))
            with pytest.raises(InferenceFailed, match=r"CUDA failed: .*out of memory"):
                engine.run(pixels())
            assert engine.run(pixels()) == pytest.approx(red_twice(pixels()), abs=1e-6)

    @pytest.mark.parametrize("call", ["memcpy_htod_async", "memcpy_dtoh_async", "work"])
    def test_what_fails_on_the_way(self, machine: Machine, call: str) -> None:
        with machine.open() as engine:
            engine.run(pixels())
            machine.cuda.fail_once(call, LogicError(f"{call}: an illegal memory access was encountered"))
            with pytest.raises(InferenceFailed, match=r"CUDA failed: .*illegal memory access"):
                engine.run(pixels(1))
            assert engine.run(pixels(2)) == pytest.approx(red_twice(pixels(2)), abs=1e-6)

    def test_an_error_that_is_kept_keeps_nothing_on_the_gpu(self, machine: Machine) -> None:
        """A traceback holds its frames, and they hold their locals: no TensorRT object may be among them."""
        with machine.open() as engine:
            machine.trt.module.refusals = 1
            with pytest.raises(InferenceFailed) as kept:
                engine.run(pixels())
        assert machine.cuda.nothing_is_left(), (machine.cuda.faults, +machine.cuda.alive)
        assert kept.value.__traceback__ is not None

    def test_a_size_that_the_plan_was_not_built_for(self, machine: Machine) -> None:
        with (
            machine.open() as engine,
            pytest.raises(InferenceFailed, match=r"was built for \(1, 1, 1, 3\) to .* engines build"),
        ):
            engine.run(pixels(shape=(5, 8, 8, 3)))

    def test_a_gpu_that_hangs_does_not_hang_the_caller(self, machine: Machine) -> None:
        engine = machine.open(timeout_s=0.2)
        engine.run(pixels())
        machine.cuda.hold.clear()
        with pytest.raises(InferenceFailed, match=r"did not answer for 0 s"):
            engine.run(pixels())
        with pytest.raises(InferenceFailed, match="the GPU stopped answering"):
            engine.run(pixels())
        with engine:
            pass
        machine.cuda.hold.set()  # so that the thread of this test ends, too
        engine._owner._requests.put(None)
        engine._owner._thread.join()


class TestPlansThatDoNotLoad:
    @pytest.mark.parametrize(
        ("plan", "said"),
        [
            (b"", "magicTag mismatch"),
            (b"no plan at all", "magicTag mismatch"),
            (trt_double.plan_of(RED)[:300], "magicTag mismatch"),
            (trt_double.plan_of(RED, version="8.6.1"), "Version tag does not match"),
        ],
        ids=["empty", "foreign", "cut", "another version"],
    )
    def test_none_is_an_error_with_tensorrts_own_words(self, machine: Machine, plan: bytes, said: str) -> None:
        with pytest.raises(
            PlanRefused, match=rf"red\.plan does not load on TensorRT 10\.3\.0: .*{said}.*hemocam engines build"
        ):
            machine.open(plan)

    def test_no_memory_for_an_execution_context(self, machine: Machine) -> None:
        machine.trt.module.no_context = True
        with pytest.raises(PlanRefused, match=r"gets no execution context .*OutOfMemory"):
            machine.open()

    def test_a_plan_of_two_outputs(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(trt_double.CudaEngine, "get_tensor_mode", lambda *_: trt_double.TensorIOMode.OUTPUT)
        with pytest.raises(PlanRefused, match="has 0 inputs and 2 outputs"):
            machine.open()

    def test_a_type_that_numpy_has_not(self, machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
        from types import SimpleNamespace

        monkeypatch.setattr(trt_double.CudaEngine, "get_tensor_dtype", lambda *_: SimpleNamespace(name="BF16"))
        with pytest.raises(PlanRefused, match="BF16"):
            machine.open()


def test_without_a_gpu_the_cure_is_named() -> None:
    cuda = CudaDouble(devices=0)
    with pytest.raises(RuntimeMissing, match=r"no CUDA-capable device.*nvidia-smi.*--runtime cpu"):
        TensorRTEngine(trt_double.plan_of(RED), "red.plan", trt=trt_double.double(cuda), cuda=cuda)


def test_an_engine_that_is_forgotten_is_released_on_its_own_thread(machine: Machine) -> None:
    engine = machine.open()
    engine.run(pixels())
    del engine
    gc.collect()
    assert machine.cuda.nothing_is_left(), (machine.cuda.faults, +machine.cuda.alive)


def test_the_double_itself_punishes_what_hardware_would() -> None:
    """The tests above say something only if the double is strict."""
    cuda = CudaDouble()
    with pytest.raises(LogicError, match="no currently active context"):
        cuda.mem_alloc(8)
    context = cuda.Device(0).retain_primary_context()
    context.push()
    stream, memory = cuda.Stream(), cuda.mem_alloc(8)
    with pytest.raises(LogicError, match="page-locked"):
        cuda.memcpy_htod_async(memory, np.zeros(8, np.uint8), stream)
    host = cuda.pagelocked_empty(8, np.uint8)
    host[:] = 1
    cuda.memcpy_htod_async(memory, host, stream)
    host[:] = 2
    assert cuda.at(int(memory), 8).tolist() == [0xCD] * 8
    stream.synchronize()
    assert cuda.at(int(memory), 8).tolist() == [2] * 8
    errors: list[Exception] = []

    def free() -> None:
        try:
            memory.free()
        except LogicError as error:
            errors.append(error)

    thread = Thread(target=free)
    thread.start()
    thread.join()
    assert "another thread" in str(errors[0])
    cuda.memcpy_htod_async(memory, host, stream)
    memory.free()
    assert cuda.faults == ["device memory freed while the stream still had work"]
    with pytest.raises(LogicError, match="illegal memory access"):
        stream.synchronize()
    with pytest.raises(LogicError, match="after device memory was freed"):
        memory.free()
    host.base.free()
    assert set(host.tolist()) == {0xDD}
    del stream
    context.pop()
    del context
    assert "the context was forgotten without detaching it" in cuda.faults
