"""A TensorRT without a GPU, as much of it as runs a plan, with the real one's manners.

Name-based calls only (none of v2's, which 10 took away); failures return None or False and say why in the log alone; an engine
and its context belong to the CUDA context that was pushed when they were made; work is queued on the stream and computes from
the memory whose addresses it was given. A plan here is a header and the ONNX file, which onnxruntime executes.
"""

from __future__ import annotations

import json
import threading
import weakref
from enum import Enum
from types import SimpleNamespace
from typing import Any

import numpy as np

from engines.contract import ModelCorrupt
from engines.onnxrt import OnnxRuntime
from engines.tensorrt.binding import TensorRT, wrap
from tests.engines.cuda_double import CudaDouble, LogicError

MAGIC = b"PLAN"
VERSION = "10.3.0"
PROFILE = ((1, 1, 1, 3), (1, 64, 64, 3), (4, 640, 640, 3))


class Severity(Enum):
    INTERNAL_ERROR, ERROR, WARNING, INFO, VERBOSE = range(5)


class ILogger:
    def __init__(self) -> None:
        pass


class TensorIOMode(Enum):
    NONE, INPUT, OUTPUT = range(3)


class DataType(Enum):
    FLOAT, HALF, UINT8 = range(3)


DTYPES = {"float32": DataType.FLOAT, "float16": DataType.HALF, "uint8": DataType.UINT8}


def plan_of(onnx: bytes, *, version: str = VERSION, profile: Any = PROFILE, damage: float = 0.0) -> bytes:
    """A plan that runs `onnx`; `damage` is added to every logit of the lower half."""
    return MAGIC + json.dumps({"version": version, "profile": profile, "damage": damage}).encode() + b"\n" + onnx


class _Bound:
    """Made under a pushed context, to be forgotten on the same thread under it, `parent` after its children."""

    def __init__(self, cuda: CudaDouble, kind: str, parent: _Bound | None) -> None:
        self.cuda, self.kind, self.thread, self.children = cuda, kind, threading.get_ident(), 0
        # Weakly, so that a parent that is forgotten first is seen to be.
        self.parent = None if parent is None else weakref.ref(parent)
        cuda.alive[kind] += 1
        cuda.made[kind] += 1
        if parent is not None:
            parent.children += 1

    def use(self, what: str) -> None:
        if threading.get_ident() != self.thread:
            raise LogicError(f"{what}: {self.kind} belongs to another thread's context")
        self.cuda.need_context(what)

    def __del__(self) -> None:
        here = threading.get_ident() == self.thread
        if not here or not self.cuda.stack():
            self.cuda.faults.append(f"{self.kind} destroyed {'without a context' if here else 'on another thread'}")
        if self.children:
            self.cuda.faults.append(f"{self.kind} destroyed before what was made of it")
        if self.cuda.pending:
            self.cuda.faults.append(f"{self.kind} destroyed while the stream still had work")
        parent = None if self.parent is None else self.parent()
        if parent is not None:
            parent.children -= 1
        self.cuda.alive[self.kind] -= 1
        self.cuda.released.append(self.kind)


class Runtime(_Bound):
    def __init__(self, module: TensorRTModule, logger: Any) -> None:
        super().__init__(module.cuda, "runtime", None)
        self.cuda.need_context("make a runtime")
        self.module, self.logger = module, logger

    def deserialize_cuda_engine(self, plan: bytes) -> CudaEngine | None:
        self.use("deserialise")
        head, _, onnx = plan.partition(b"\n")
        try:
            about = json.loads(head.removeprefix(MAGIC)) if head.startswith(MAGIC) else None
            network = None if about is None else OnnxRuntime(onnx, "plan", 1)
        except (ValueError, ModelCorrupt):
            about = network = None
        if about is None or network is None:
            self.logger.log(Severity.ERROR, "IRuntime::deserializeCudaEngine: Error Code 1: Serialization (magicTag mismatch)")
            return None
        if about["version"] != self.module.__version__:
            self.logger.log(Severity.ERROR, "Serialization assertion failed. Version tag does not match")
            return None
        return CudaEngine(self, network, about)


class CudaEngine(_Bound):
    def __init__(self, runtime: Runtime, network: OnnxRuntime, about: dict[str, Any]) -> None:
        super().__init__(runtime.cuda, "engine", runtime)
        self.network, self.about, self.logger, self.module = network, about, runtime.logger, runtime.module
        self.specs = {spec.name: spec for spec in (network.input, network.output)}
        self.num_io_tensors = 2

    def get_tensor_name(self, index: int) -> str:
        return list(self.specs)[index]

    def get_tensor_mode(self, name: str) -> TensorIOMode:
        return TensorIOMode.INPUT if name == self.network.input.name else TensorIOMode.OUTPUT

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        return tuple(-1 if size is None else size for size in self.specs[name].shape)

    def get_tensor_dtype(self, name: str) -> DataType:
        return DTYPES[self.specs[name].dtype]

    def get_tensor_profile_shape(self, name: str, profile: int) -> list[tuple[int, ...]]:
        assert profile == 0
        return [tuple(shape) for shape in self.about["profile"]]

    def create_execution_context(self) -> ExecutionContext | None:
        self.use("make an execution context")
        if self.module.no_context:
            self.logger.log(Severity.ERROR, "createExecutionContext: OutOfMemory (requested 268435456 bytes)")
            return None
        return ExecutionContext(self)


class ExecutionContext(_Bound):
    def __init__(self, engine: CudaEngine) -> None:
        super().__init__(engine.cuda, "execution context", engine)
        self.network, self.about, self.logger, self.module = engine.network, engine.about, engine.logger, engine.module
        self.shape: tuple[int, ...] | None = None
        self.addresses: dict[str, int] = {}

    def set_input_shape(self, name: str, shape: tuple[int, ...]) -> bool:
        self.use("set a shape")
        low, _, high = self.about["profile"]
        if name != self.network.input.name or not all(a <= s <= b for a, s, b in zip(low, shape, high, strict=True)):
            self.logger.log(Severity.ERROR, f"setInputShape: {name} {shape} does not satisfy any optimization profiles")
            return False
        self.shape = tuple(shape)
        return True

    def get_tensor_shape(self, name: str) -> tuple[int, ...]:
        self.use("ask for a shape")
        if self.shape is None:
            return (-1,) * 4
        if name == self.network.input.name:
            return self.shape
        asked = self.network.output.shape
        return (self.shape[0], asked[1] or 1, self.shape[1], self.shape[2])

    def set_tensor_address(self, name: str, address: int) -> bool:
        self.use("set an address")
        if name not in (self.network.input.name, self.network.output.name) or address == 0:
            self.logger.log(Severity.ERROR, f"setTensorAddress: given invalid tensor name: {name}")
            return False
        self.addresses[name] = address
        return True

    def execute_async_v3(self, stream_handle: int) -> bool:
        self.use("execute")
        if self.module.refusals > 0:
            self.module.refusals -= 1
            self.logger.log(Severity.ERROR, "IExecutionContext::enqueueV3: Error Code 1: Cask (Cask convolution execution)")
            return False
        if self.shape is None or len(self.addresses) < 2:
            self.logger.log(Severity.ERROR, "enqueueV3: shape or address of a tensor is not set")
            return False
        shape, taken, given = self.shape, self.network.input, self.network.output
        source, target = self.addresses[taken.name], self.addresses[given.name]
        network, cuda, damage = self.network, self.cuda, self.about["damage"]

        def compute() -> None:
            size = int(np.prod(shape)) * np.dtype(taken.dtype).itemsize
            pixels = cuda.at(source, size).view(taken.dtype).reshape(shape).copy()
            answer = np.array(network.run(pixels))
            answer[:, :, answer.shape[2] // 2 :] += answer.dtype.type(damage)
            cuda.at(target, answer.nbytes)[:] = np.ascontiguousarray(answer).reshape(-1).view(np.uint8)

        cuda.enqueue(cuda.streams[stream_handle], compute)
        return True


class TensorRTModule(SimpleNamespace):
    """Takes the place of the module tensorrt. `refusals` runs are refused; `no_context` refuses execution contexts."""

    def __init__(self, cuda: CudaDouble, version: str = VERSION, strong: bool = True) -> None:
        flags = {"EXPLICIT_BATCH": 0} | ({"STRONGLY_TYPED": 1} if strong else {})
        super().__init__(
            cuda=cuda, __version__=version, refusals=0, no_context=False, ILogger=ILogger, TensorIOMode=TensorIOMode,
            DataType=DataType, NetworkDefinitionCreationFlag=SimpleNamespace(**flags),
            BuilderFlag=SimpleNamespace(FP16=0),
        )  # fmt: skip

    def Runtime(self, logger: Any) -> Runtime:  # noqa: N802
        return Runtime(self, logger)


def double(cuda: CudaDouble, version: str = VERSION, strong: bool = True) -> TensorRT:
    """The double as engines.tensorrt.binding wraps what is installed; not `strong` is a TensorRT 8."""
    return wrap(TensorRTModule(cuda, version, strong), "tensorrt")  # type: ignore[arg-type]
