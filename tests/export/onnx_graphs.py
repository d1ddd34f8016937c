"""Small ONNX files that PyTorch would not write, for the converters."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import NodeProto, TensorProto, helper, numpy_helper


def model(
    nodes: Sequence[NodeProto], tensors: dict[str, NDArray[np.generic]] | None = None, dtype: int = TensorProto.UINT8
) -> bytes:
    """`pixels` (batch, height, width, 3) to `logits` (batch, 3, height, width), whatever lies between."""
    graph = helper.make_graph(
        list(nodes), "tiny",
        [helper.make_tensor_value_info("pixels", dtype, ["batch", "height", "width", 3])],
        [helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["batch", 3, "h", "w"])],
        [numpy_helper.from_array(value, name) for name, value in (tensors or {}).items()],
    )  # fmt: skip
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    return bytes(made.SerializeToString())


def floats() -> list[NodeProto]:
    """From uint8 (batch, height, width, 3) to `x`, float (batch, 3, height, width)."""
    return [
        helper.make_node("Cast", ["pixels"], ["floats"], "cast", to=TensorProto.FLOAT),
        helper.make_node("Transpose", ["floats"], ["x"], "transpose", perm=[0, 3, 1, 2]),
    ]


def kinds(content: bytes) -> dict[str, int]:
    """The element type of every tensor that the checker can infer, initialisers included."""
    inferred = onnx.shape_inference.infer_shapes(onnx.load_model_from_string(content), strict_mode=True).graph
    values = [*inferred.input, *inferred.output, *inferred.value_info]
    found = {value.name: value.type.tensor_type.elem_type for value in values}
    return found | {tensor.name: tensor.data_type for tensor in inferred.initializer}
