"""A graph without the nodes that do nothing or only work on constants."""

from __future__ import annotations

import tempfile
from pathlib import Path

import onnx
import onnxruntime as ort

STANDARD = ("", "ai.onnx")


def cleaned(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` with constants folded, casts to the same type gone, neighbouring transposes cancelled.

    Keras on PyTorch traces some three hundred casts of float to float; in an FP16 graph each would lead back to FP32. This is
    onnxruntime's own first level of optimisation, which writes standard operators. Where onnxruntime cannot load the graph, or
    a transpose of uint8 would come before the first cast (which TensorRT refuses), less or nothing is done.
    """
    for disabled in ([], ["TransposeOptimizer"]):
        better = _optimised(model, disabled)
        if better is not None and _casts_first(better):
            return better
    return model


def _optimised(model: onnx.ModelProto, disabled: list[str]) -> onnx.ModelProto | None:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "cleaned.onnx"
        options = ort.SessionOptions()
        options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
        options.optimized_model_filepath = str(path)
        options.log_severity_level = 4
        options.intra_op_num_threads = 1
        try:
            ort.InferenceSession(
                model.SerializeToString(), options, providers=["CPUExecutionProvider"], disabled_optimizers=disabled
            )
        except Exception:  # noqa: BLE001  # onnxruntime's errors have no common base; the graph stays as it is
            return None
        better = onnx.load(path)
    if any(node.domain not in STANDARD for node in better.graph.node):
        return None
    # onnxruntime lists every domain that it knows and drops the metadata.
    for kept in [one for one in better.opset_import if one.domain not in STANDARD]:
        better.opset_import.remove(kept)
    better.ir_version = model.ir_version
    del better.metadata_props[:]
    better.metadata_props.extend(model.metadata_props)
    return better


def _casts_first(model: onnx.ModelProto) -> bool:
    """Whether all that reads a uint8 input is a cast."""
    inputs = {one.name for one in model.graph.input if one.type.tensor_type.elem_type == onnx.TensorProto.UINT8}
    return all(node.op_type == "Cast" for node in model.graph.node if inputs & set(node.input))
