"""From an FP32 ONNX file to int8 with explicit quantise and dequantise nodes."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from numpy.typing import NDArray
from onnxruntime.quantization import CalibrationDataReader, CalibrationMethod, QuantFormat, QuantType, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process

from export.conversion_error import ConversionError


class Int8Error(ConversionError):
    """A model cannot be quantised; the message says why."""


class Int8For(str, Enum):
    """Who computes in int8, each of which is fast with another form."""

    CPU = "cpu"
    TENSORRT = "tensorrt"


@dataclass(frozen=True, slots=True)
class _Form:
    """`activations` is the type of what flows, `operators` which are quantised, `extra` as onnxruntime calls it."""

    activations: QuantType
    operators: tuple[str, ...]
    extra: Mapping[str, bool]


FORMS: Mapping[Int8For, _Form] = MappingProxyType(
    {
        # Unsigned activations are what onnxruntime's CPU kernels are fastest at; between convolutions all stays int8.
        Int8For.CPU: _Form(QuantType.QUInt8, ("Conv", "Concat", "MaxPool", "Resize", "Gemm", "MatMul"), {}),
        # TensorRT refuses a zero point other than 0 and int32 biases, and fuses what lies between convolutions itself.
        Int8For.TENSORRT: _Form(
            QuantType.QInt8,
            ("Conv", "Gemm", "MatMul"),
            {"ActivationSymmetric": True, "WeightSymmetric": True, "QuantizeBias": False},
        ),
    }
)


class _Fields(CalibrationDataReader):  # type: ignore[misc]  # onnxruntime ships no types
    """Calibration fields one by one: the ranges of all are kept, the pictures are not."""

    def __init__(self, name: str, tensors: Iterable[NDArray[np.uint8]]) -> None:
        self._name = name
        self._tensors: Iterator[NDArray[np.uint8]] = iter(tensors)
        self.given = 0

    def get_next(self) -> dict[str, NDArray[np.uint8]] | None:
        tensor = next(self._tensors, None)
        self.given += tensor is not None
        return None if tensor is None else {self._name: tensor}


def to_int8(
    fp32: bytes,
    tensors: Iterable[NDArray[np.uint8]],
    keep_fp32: tuple[str, ...] = (),
    target: Int8For = Int8For.CPU,
) -> bytes:
    """Quantise for `target`, with ranges that `tensors`, prepared inputs (1, height, width, 3) uint8, were seen to have.

    Weights are signed and per channel. `keep_fp32` names nodes to leave as they are. Raises Int8Error where the bytes are no
    FP32 ONNX model or no tensor is given.
    """
    try:
        given = onnx.load_model_from_string(fp32)
        (name,) = (one.name for one in given.graph.input)
    except (DecodeError, ValueError) as error:
        raise Int8Error(f"this is no ONNX model with one input: {error}") from error
    _refuse_converted(given)
    form, fields = FORMS[target], _Fields(name, tensors)
    with tempfile.TemporaryDirectory() as folder:
        source, cleaned, result = (Path(folder) / file for file in ("fp32.onnx", "cleaned.onnx", "int8.onnx"))
        source.write_bytes(fp32)
        try:
            quant_pre_process(source, cleaned, skip_symbolic_shape=True)
            quantize_static(
                cleaned, result, fields, quant_format=QuantFormat.QDQ, per_channel=True,
                activation_type=form.activations, weight_type=QuantType.QInt8, calibrate_method=CalibrationMethod.MinMax,
                nodes_to_exclude=list(keep_fp32), op_types_to_quantize=list(form.operators), extra_options=dict(form.extra),
            )  # fmt: skip
        except ValueError as error:
            if fields.given == 0:
                raise Int8Error("there is no picture to calibrate on; give a folder that holds some") from error
            raise Int8Error(f"the model does not quantise: {error}") from error
        model = onnx.load(result)
    properties = {**{one.key: one.value for one in given.metadata_props}, "hemocam.precision": f"int8 for {target.value}"}
    onnx.helper.set_model_props(model, properties)
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _refuse_converted(model: onnx.ModelProto) -> None:
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            raise Int8Error(f"the model is quantised already ({node.op_type} {node.name}); give its FP32 file")
    if any(one.data_type == onnx.TensorProto.FLOAT16 for one in model.graph.initializer):
        raise Int8Error("the model is FP16; give its FP32 file")
