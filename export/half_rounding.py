"""What an FP16 file says where FP16 is really computed in, found on a CPU."""

from __future__ import annotations

import onnx
from onnx import AttributeProto, NodeProto, TensorProto, helper, numpy_helper

SELECTING = frozenset(
    {"Relu", "MaxPool", "Transpose", "Reshape", "Concat", "Slice", "Split", "DepthToSpace", "SpaceToDepth", "Identity",
     "Flatten", "Squeeze", "Unsqueeze", "Where", "Gather", "Expand", "Max", "Min", "Clip", "Neg", "Abs", "Shape", "Pad"}
)  # fmt: skip
"""These give only values that they were given, which FP16 holds already."""


def rounded(half: bytes) -> bytes:
    """`half` with FP32 arithmetic and every tensor that is FP16 in it rounded to FP16 once it is computed.

    That is what a GPU does, which adds up in FP32 and keeps in FP16. onnxruntime's CPU provider does not: it computes an FP16
    graph in FP32 and takes out the casts between, so that of FP16 nothing is left but the weights' rounding (onnxruntime
    1.31; 60000 times 255 is no infinity there). Casts that stand in the graph it leaves. Takes what `to_half` makes.
    """
    model = onnx.load_model_from_string(half)
    graph = model.graph
    inferred = onnx.shape_inference.infer_shapes(model, strict_mode=True).graph
    halves = {
        value.name
        for value in (*inferred.value_info, *inferred.output)
        if value.type.tensor_type.elem_type == TensorProto.FLOAT16
    }
    for tensor in graph.initializer:
        _widen(tensor)
    nodes: list[NodeProto] = []
    for node in graph.node:
        to_half = _widen_attributes(node)
        nodes.append(node)
        for index, name in enumerate(node.output):
            if name in halves and (to_half or node.op_type not in SELECTING):
                node.output[index] = f"{name}_exact"
                nodes.append(helper.make_node("Cast", [f"{name}_exact"], [f"{name}_half"], to=TensorProto.FLOAT16))
                nodes.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    del graph.node[:]
    graph.node.extend(nodes)
    del graph.value_info[:]
    onnx.checker.check_model(model, full_check=True)
    return bytes(model.SerializeToString())


def _widen(tensor: TensorProto) -> None:
    if tensor.data_type == TensorProto.FLOAT16:
        wide = numpy_helper.from_array(numpy_helper.to_array(tensor).astype("float32"), tensor.name)
        tensor.CopyFrom(wide)


def _widen_attributes(node: NodeProto) -> bool:
    """Make the node compute in FP32; whether it was a cast to FP16."""
    for attribute in node.attribute:
        if attribute.type == AttributeProto.TENSOR:
            _widen(attribute.t)
        if node.op_type == "Cast" and attribute.name == "to" and attribute.i == TensorProto.FLOAT16:
            attribute.i = TensorProto.FLOAT
            return True
    return False
