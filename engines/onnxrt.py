"""onnxruntime, the runtime that every machine has."""

from __future__ import annotations

import os
from pathlib import Path
from types import TracebackType

import numpy as np
import onnxruntime as ort
from onnxruntime.capi import onnxruntime_pybind11_state as _native

from engines.contract import InferenceFailed, ModelCorrupt, RuntimeMissing, Tensor, TensorSpec

# onnxruntime's errors have no base of their own: they are taken from the module that defines them.
_NATIVE = [kind for kind in vars(_native).values() if isinstance(kind, type) and issubclass(kind, Exception)]
_FAULTS: tuple[type[Exception], ...] = (RuntimeError, ValueError, *_NATIVE)
_DTYPES = {"tensor(uint8)": "uint8", "tensor(float)": "float32", "tensor(float16)": "float16"}


def cores() -> int:
    """The cores that this process may really use: its affinity, held by its cgroup's quota (Linux, version 2)."""
    available = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quota_file = Path("/sys/fs/cgroup/cpu.max")
    if quota_file.exists():
        quota, period = quota_file.read_text(encoding="ascii").split()
        if quota != "max":
            available = min(available, max(1, int(quota) // int(period)))
    return available


def providers() -> list[str]:
    """What this onnxruntime can execute on, e.g. CPUExecutionProvider; asked anew each time."""
    return list(ort.get_available_providers())


class OnnxRuntime:
    """A model on onnxruntime, the CPU provider or CUDA's.

    Threads do not spin between frames: on a two-core laptop spinning takes the camera's and the screen's time (423 against
    341 ms a frame, measured on a U-Net).
    """

    def __init__(self, content: bytes, name: str, threads: int | None = None, provider: str = "CPUExecutionProvider") -> None:
        """`content` is the ONNX file, `name` what messages call it; `threads` None takes every core the process has.

        Raises ModelCorrupt where the bytes are no model of one input and one output, RuntimeMissing without the provider.
        """
        if provider not in ort.get_available_providers():
            raise RuntimeMissing(f"this onnxruntime has no {provider}; install it with: pip install onnxruntime-gpu")
        self._threads = threads or cores()
        self._provider = provider
        options = ort.SessionOptions()
        options.intra_op_num_threads = self._threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        try:
            # With its fallback on, onnxruntime prints to the terminal and runs on another provider than the record says.
            session = ort.InferenceSession(content, options, providers=[provider], enable_fallback=0)
        except _FAULTS as error:
            raise ModelCorrupt(f"{name} is no model that onnxruntime can load: {error}") from error
        if provider not in session.get_providers():
            # Where a provider's own libraries are missing onnxruntime only warns, and takes the CPU.
            raise RuntimeMissing(
                f"onnxruntime could not start {provider}; install its CUDA with: pip install onnxruntime-gpu[cuda,cudnn]"
            )
        inputs, outputs = session.get_inputs(), session.get_outputs()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelCorrupt(f"{name} has {len(inputs)} inputs and {len(outputs)} outputs; HemoCam's models have one of each")
        self._session: ort.InferenceSession | None = session
        try:
            self._input, self._output = _spec(inputs[0], name), _spec(outputs[0], name)
        except UnicodeDecodeError as error:
            raise ModelCorrupt(f"{name} names its input or output in no text: {error}") from error

    @property
    def runtime(self) -> str:
        kind = "CPU" if self._provider.startswith("CPU") else "CUDA"
        return f"onnxruntime {ort.__version__} {kind}, {self._threads} thread{'s' if self._threads != 1 else ''}"

    @property
    def input(self) -> TensorSpec:
        return self._input

    @property
    def output(self) -> TensorSpec:
        return self._output

    def __enter__(self) -> OnnxRuntime:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """onnxruntime frees a session, and a GPU's memory with it, when its last reference goes."""
        self._session = None

    def run(self, tensor: Tensor) -> Tensor:
        if self._session is None:
            raise InferenceFailed("the engine is closed")
        if not self._input.accepts(tensor):
            raise InferenceFailed(f"the model takes {self._input.shape} {self._input.dtype}, not {tensor.shape} {tensor.dtype}")
        try:
            (output,) = self._session.run([self._output.name], {self._input.name: tensor})
        except _FAULTS as error:
            raise InferenceFailed(f"onnxruntime failed: {error}") from error
        return np.asarray(output)


def _spec(node: ort.NodeArg, name: str) -> TensorSpec:
    try:
        dtype = _DTYPES[node.type]
    except KeyError as error:
        raise ModelCorrupt(f"{name}: {node.name} is {node.type}; HemoCam's models take {', '.join(_DTYPES)}") from error
    return TensorSpec(node.name, tuple(size if isinstance(size, int) else None for size in node.shape), dtype)
