"""A TensorRT plan as an engine."""

from __future__ import annotations

import logging
import weakref
from contextlib import ExitStack
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engines.contract import InferenceFailed, PlanRefused, Tensor, TensorSpec
from engines.tensorrt.binding import FAULTS, TensorRT, find_tensorrt
from engines.tensorrt.buffers import Buffer, HostMemory, make_buffer
from engines.tensorrt.gpu_owner import GpuOwner, describe_gpu, load_cuda

log = logging.getLogger(__name__)


class TensorRTEngine:
    """A plan on the GPU. Its thread (gpu_owner) makes, runs and releases everything; `run` may be called from any thread.

    The output lies in one array of ordinary memory that grows with the largest batch: the next run writes over it, closing
    leaves it as it is. Without `with` the engine is released when it is forgotten, at the latest when the program ends.
    """

    def __init__(
        self, plan: bytes, name: str, precision: str = "", *, trt: TensorRT | None = None, cuda: Any = None,
        memory: HostMemory = HostMemory.COPIED, device_index: int = 0, timeout_s: float = 60.0,
    ) -> None:  # fmt: skip
        """`name` is what messages call the plan, `precision` what the record says. `trt` and `cuda` are found if not given.

        Raises RuntimeMissing without TensorRT, pycuda, driver or GPU, PlanRefused where the plan does not load here.
        """
        trt = trt or find_tensorrt()
        cuda = cuda or load_cuda()
        gpu = describe_gpu(cuda, device_index)
        self._runtime = " ".join(part for part in (trt.name, precision.upper(), f"on {gpu}") if part)

        def make(made: ExitStack) -> _Execution:
            return _Execution(plan, name, trt, cuda, memory, made)

        self._owner: GpuOwner[_Execution] = GpuOwner(cuda, make, device_index, timeout_s=timeout_s)
        self._let_go = weakref.finalize(self, self._owner.close)
        self._input, self._output, self._sizes = self._owner.call(lambda execution: execution.specs)
        self.last_device_ms: float | None = None
        """What the last run took on the GPU by its own clock, copies included; None before the first and after a failed one."""

    @property
    def runtime(self) -> str:
        return self._runtime

    @property
    def input(self) -> TensorSpec:
        return self._input

    @property
    def output(self) -> TensorSpec:
        return self._output

    @property
    def sizes(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The smallest and the largest input shape that the plan was built for."""
        return self._sizes

    def __enter__(self) -> TensorRTEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._let_go()

    def run(self, tensor: Tensor) -> Tensor:
        if not self._input.accepts(tensor):
            raise InferenceFailed(f"the model takes {self._input.shape} {self._input.dtype}, not {tensor.shape} {tensor.dtype}")
        smallest, largest = self._sizes
        if not all(low <= size <= high for low, size, high in zip(smallest, tensor.shape, largest, strict=True)):
            raise InferenceFailed(
                f"the engine was built for {smallest} to {largest}, not {tensor.shape}; build it with other sizes: "
                "hemocam engines build --help"
            )
        self.last_device_ms = None
        output, self.last_device_ms = self._owner.call(lambda execution: execution.run(tensor))
        return output


class _Execution:
    """What lives on the GPU. Made, used and released on the owner's thread alone."""

    def __init__(self, plan: bytes, name: str, trt: TensorRT, cuda: Any, memory: HostMemory, made: ExitStack) -> None:
        self._name, self._trt, self._cuda = name, trt, cuda
        self._answer: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._runtime = self._engine = self._context = None
        self._shape: tuple[int, ...] | None = None
        # Released backwards: execution context, engine, buffers, events and stream.
        self._stream = cuda.Stream()
        self._begun, self._ended = cuda.Event(), cuda.Event()
        made.callback(self._drop, "_ended", "_begun", "_stream")
        self._buffers: tuple[Buffer, Buffer] = (make_buffer(cuda, memory), make_buffer(cuda, memory))
        for buffer in self._buffers:
            made.callback(buffer.free)
        made.callback(self._drop, "_context", "_engine", "_runtime")
        with trt.log.collecting() as lines:
            self._load(plan, lines)
        self.specs = self._specs()

    def _load(self, plan: bytes, lines: list[str]) -> None:
        try:
            self._runtime = self._trt.module.Runtime(self._trt.log.native)
            if self._runtime is not None and hasattr(self._runtime, "engine_host_code_allowed"):
                # A version compatible plan carries its own lean runtime; plans come from this machine's cache alone.
                self._runtime.engine_host_code_allowed = True
            self._engine = None if self._runtime is None else self._runtime.deserialize_cuda_engine(plan)
            self._context = None if self._engine is None else self._engine.create_execution_context()
        except FAULTS as error:
            raise PlanRefused(f"{self._name} does not load on {self._trt.name}: {error}{_said(lines)}") from error
        if self._context is None:
            what = "does not load" if self._engine is None else "gets no execution context"
            raise PlanRefused(f"{self._name} {what} on {self._trt.name}{_said(lines)}; build it again: hemocam engines build")

    def _specs(self) -> tuple[TensorSpec, TensorSpec, tuple[tuple[int, ...], tuple[int, ...]]]:
        """Input, output, and the input's smallest and largest shape."""
        engine: Any = self._engine
        try:
            kinds: dict[bool, list[TensorSpec]] = {True: [], False: []}
            for index in range(engine.num_io_tensors):
                tensor = engine.get_tensor_name(index)
                shape = tuple(None if size < 0 else int(size) for size in engine.get_tensor_shape(tensor))
                spec = TensorSpec(tensor, shape, self._trt.dtype(engine.get_tensor_dtype(tensor)))
                kinds[engine.get_tensor_mode(tensor) == self._trt.module.TensorIOMode.INPUT].append(spec)
            if len(kinds[True]) != 1 or len(kinds[False]) != 1:
                raise PlanRefused(
                    f"{self._name} has {len(kinds[True])} inputs and {len(kinds[False])} outputs; "
                    "HemoCam's models have one of each"
                )
            (taken,), (given,) = kinds[True], kinds[False]
            low, _, high = engine.get_tensor_profile_shape(taken.name, 0)
        except KeyError as error:
            raise PlanRefused(f"{self._name} has a tensor of type {error}, which numpy has not") from error
        return taken, given, (tuple(map(int, low)), tuple(map(int, high)))

    def run(self, tensor: Tensor) -> tuple[Tensor, float]:
        """The output, and the milliseconds on the GPU. Raises InferenceFailed; the next run may succeed."""
        try:
            with self._trt.log.collecting() as lines:
                try:
                    return self._run(tensor, lines)
                except BaseException:
                    # Nothing of a failed run may still be under way when its buffers are used again.
                    self._shape = None
                    self._stream.synchronize()
                    raise
        except FAULTS as error:
            raise InferenceFailed(f"{self._trt.name} failed: {error}{_said(lines)}") from error
        except (self._cuda.Error, MemoryError) as error:
            raise InferenceFailed(f"CUDA failed: {error}{_said(lines)}") from error

    def _run(self, tensor: Tensor, lines: list[str]) -> tuple[Tensor, float]:
        taken, given, _ = self.specs
        source, result = self._buffers
        shape, size = self._prepare(tensor, lines)
        np.copyto(source.host(tensor.shape, taken.dtype), tensor)
        self._begun.record(self._stream)
        source.to_device(tensor.nbytes, self._stream)
        if not self._context.execute_async_v3(self._stream.handle):  # type: ignore[attr-defined]  # made in _load
            raise InferenceFailed(f"{self._trt.name} could not run {self._name}{_said(lines)}")
        result.to_host(size, self._stream)
        self._ended.record(self._stream)
        self._stream.synchronize()
        if size > self._answer.size:
            self._answer = np.empty(size, np.uint8)
        output = self._answer[:size].view(given.dtype).reshape(shape)
        np.copyto(output, result.host(shape, given.dtype))
        return output, float(self._ended.time_since(self._begun))

    def _prepare(self, tensor: Tensor, lines: list[str]) -> tuple[tuple[int, ...], int]:
        """Tell the context this input's shape and where both tensors lie; the output's shape and bytes."""
        taken, given, _ = self.specs
        source, result = self._buffers
        context: Any = self._context
        if tensor.shape != self._shape:
            self._shape = None
            if not context.set_input_shape(taken.name, tensor.shape):
                raise InferenceFailed(f"{self._name} takes no input of {tensor.shape}{_said(lines)}")
            self._shape = tensor.shape
        shape = tuple(int(each) for each in context.get_tensor_shape(given.name))
        if min(shape, default=-1) < 0:
            raise InferenceFailed(f"{self._name} does not know its output's shape for {tensor.shape}: {shape}")
        size = int(np.prod(shape, dtype=np.int64)) * np.dtype(given.dtype).itemsize
        source.reserve(tensor.nbytes)
        result.reserve(size)
        for spec, buffer in ((taken, source), (given, result)):
            if not context.set_tensor_address(spec.name, buffer.address):
                raise InferenceFailed(f"{self._name} takes no memory for {spec.name}{_said(lines)}")
        return shape, size

    def _drop(self, *names: str) -> None:
        """Let go of these in this order; on this thread the last reference frees what it names."""
        for name in names:
            setattr(self, name, None)


def _said(lines: list[str]) -> str:
    """TensorRT's own error lines, for the end of a sentence."""
    return f": {'; '.join(lines)}" if lines else ""
