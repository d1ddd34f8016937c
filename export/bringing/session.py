"""A graph on onnxruntime, to find out what it does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
import onnxruntime as ort
from numpy.typing import NDArray
from onnxruntime.capi import onnxruntime_pybind11_state as _native

from export.conversion_error import ConversionError

# onnxruntime's errors have no base of their own: they are taken from the module that defines them.
FAULTS: tuple[type[Exception], ...] = (
    RuntimeError, ValueError, *(one for one in vars(_native).values() if isinstance(one, type) and issubclass(one, Exception))
)  # fmt: skip


class Session:
    """One loaded graph. `content` is a file's bytes or a graph. Raises ConversionError naming the node it fails on."""

    def __init__(self, content: bytes | onnx.ModelProto, optimise: bool = True) -> None:
        options = ort.SessionOptions()
        options.log_severity_level = 4
        # Conversion is no hurry, and threads that spin take the machine from whatever else it does.
        options.intra_op_num_threads = 1
        options.inter_op_num_threads = 1
        if not optimise:
            options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_DISABLE_ALL
        try:
            data = content if isinstance(content, bytes) else content.SerializeToString()
            self._session = ort.InferenceSession(data, options, providers=["CPUExecutionProvider"])
        except FAULTS as error:
            raise ConversionError(
                f"onnxruntime cannot load it: {_one_line(error)}; write that node with operators that ONNX has, or "
                "export with an "
                "older opset_version"
            ) from error
        self.input = self._session.get_inputs()[0].name

    def run(self, tensor: NDArray[np.generic]) -> list[NDArray[np.float32]]:
        """All outputs. Raises ConversionError with onnxruntime's words, which name the node."""
        try:
            outputs: Sequence[NDArray[np.generic]] = self._session.run(None, {self.input: tensor})
        except FAULTS as error:
            raise ConversionError(f"it does not run on an input of {tensor.shape}: {_one_line(error)}") from error
        return [np.asarray(one, np.float32) for one in outputs]

    def shape_for(self, shape: tuple[int, int, int, int]) -> tuple[int, ...] | None:
        """The first output's shape for a uint8 input of `shape`, None where it does not run."""
        try:
            return self.run(np.full(shape, 128, np.uint8))[0].shape
        except ConversionError:
            return None


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())[:400]
