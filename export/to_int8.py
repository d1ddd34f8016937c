"""From an FP32 ONNX file to int8 with explicit quantise and dequantise nodes, for a CPU."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process


class _Fields(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Calibration fields one by one: the ranges of all are kept, the pictures are not."""

    def __init__(self, name: str, tensors: Iterable[NDArray[np.uint8]]) -> None:
        self._name = name
        self._tensors: Iterator[NDArray[np.uint8]] = iter(tensors)

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        tensor = next(self._tensors, None)
        return None if tensor is None else {self._name: tensor}


def to_int8(fp32: bytes, tensors: Iterable[NDArray[np.uint8]], keep_fp32: tuple[str, ...] = ()) -> bytes:
    """Quantise: unsigned activations, signed weights per channel (the form that onnxruntime's CPU kernels are fastest at).

    `tensors` are prepared inputs (1, height, width, 3) uint8; `keep_fp32` names nodes to leave as they are.
    """
    with tempfile.TemporaryDirectory() as folder:
        source, cleaned, result = (Path(folder) / name for name in ("fp32.onnx", "cleaned.onnx", "int8.onnx"))
        source.write_bytes(fp32)
        quant_pre_process(source, cleaned, skip_symbolic_shape=True)
        quantize_static(
            cleaned, result, _Fields("pixels", tensors), quant_format=QuantFormat.QDQ, per_channel=True,
            activation_type=QuantType.QUInt8, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
            nodes_to_exclude=list(keep_fp32), op_types_to_quantize=["Conv", "Concat", "MaxPool", "Resize"],
        )  # fmt: skip
        return result.read_bytes()
