"""From an FP32 ONNX file to an FP16 one, for a TensorRT whose networks are strongly typed."""

from __future__ import annotations

import logging
from collections.abc import Iterable

import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]  # protobuf ships no types
from onnx import GraphProto, ModelProto, NodeProto, TensorProto
from onnxruntime.transformers import float16

from export.conversion_error import ConversionError
from export.half_range import out_of_range
from export.onnx_order import sort_nodes

logger = logging.getLogger(__name__)

_SCALES = {"Resize": 2, "Upsample": 1}
"""Where these operators take their scales: always FP32, in FP16 a scale of 2.4 would be another size."""
_LAST = ("Softmax", "LogSoftmax", "Sigmoid")
# onnxruntime and every TensorRT compute these in FP16; the list is older than their kernels.
_KEPT = [name for name in float16.DEFAULT_OP_BLOCK_LIST if name not in ("Min", "Max")]


class HalfError(ConversionError):
    """A model cannot be made FP16; the message says what is in the way."""


def to_half(fp32: bytes, keep_fp32: Iterable[str] = ()) -> bytes:
    """The same network in FP16, its input and its logits as they were: a uint8 input stays uint8, a float one FP32.

    Nodes named in `keep_fp32`, those with a value beyond 65504, what scales of Resize and equalities are computed from, and
    a last softmax stay FP32, with casts around them; no node has operands of two precisions. Initialisers with values that
    FP16 cannot hold are logged by name (`out_of_range` gives them). Raises HalfError where the bytes are no ONNX model, are
    FP16 or quantised already, or have branches.
    """
    model = _loaded(fp32)
    graph = model.graph
    beyond = out_of_range(model)
    for one in beyond:
        logger.log(logging.WARNING if one.matters else logging.DEBUG, "FP16 cannot hold %s", one)
    _constants_to_initialisers(graph)
    _own_scales(graph)
    _name_nodes(graph)
    unknown = set(keep_fp32) - {node.name for node in graph.node}
    if unknown:
        raise HalfError(f"the model has no node {', '.join(sorted(unknown))} to keep in FP32")
    kept = _kept(model, {one.name for one in beyond if one.overflowing}) | set(keep_fp32)
    _own_initialisers(graph, kept)
    try:
        half = float16.convert_float_to_float16(
            model, keep_io_types=True, op_block_list=_KEPT, node_block_list=sorted(kept)
        )  # fmt: skip
        _casts_once(half.graph)
        _without_round_trips(half.graph)
        sort_nodes(half.graph)
        onnx.checker.check_model(half, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, AssertionError) as error:
        raise HalfError(f"the model does not convert to FP16: {error}") from error
    onnx.helper.set_model_props(half, {**{p.key: p.value for p in half.metadata_props}, "hemocam.precision": "fp16"})
    return bytes(half.SerializeToString())


def _loaded(fp32: bytes) -> ModelProto:
    try:
        model = onnx.load_model_from_string(fp32)
        onnx.checker.check_model(model)
    except (DecodeError, onnx.checker.ValidationError) as error:
        raise HalfError(f"this is no ONNX model: {error}") from error
    if any(tensor.data_type == TensorProto.FLOAT16 for tensor in model.graph.initializer):
        raise HalfError("the model has FP16 weights already; give its FP32 file")
    for node in model.graph.node:
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            raise HalfError(f"the model is quantised ({node.op_type} {node.name}); give its FP32 file")
        if any(attribute.type in (onnx.AttributeProto.GRAPH, onnx.AttributeProto.GRAPHS) for attribute in node.attribute):
            raise HalfError(f"node {node.name or node.output[0]} ({node.op_type}) has a branch; export the model without it")
    return model


def _constants_to_initialisers(graph: GraphProto) -> None:
    """Constants become initialisers, which are converted by who uses them; the attribute of a Constant always would be."""
    others = []
    for node in graph.node:
        value = next((a.t for a in node.attribute if a.name == "value"), None) if node.op_type == "Constant" else None
        if value is None:
            others.append(node)
            continue
        initialiser = graph.initializer.add()
        initialiser.CopyFrom(value)
        initialiser.name = node.output[0]
    del graph.node[:]
    graph.node.extend(others)


def _own_scales(graph: GraphProto) -> None:
    """Every scale is a tensor of its own: one that an FP16 node shared would be made FP16 and cast back, which is refused."""
    tensors = {tensor.name: tensor for tensor in graph.initializer}
    for index, node in enumerate(graph.node):
        place = _SCALES.get(node.op_type, len(node.input))
        if place < len(node.input) and node.input[place] in tensors:
            scales = graph.initializer.add()
            scales.CopyFrom(tensors[node.input[place]])
            scales.name = f"{scales.name}_scales{index}"
            node.input[place] = scales.name
    used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
    unused = [tensor for tensor in graph.initializer if tensor.name not in used]
    for tensor in unused:
        graph.initializer.remove(tensor)


def _name_nodes(graph: GraphProto) -> None:
    """The converter keeps nodes by name, so each needs one that no other has."""
    seen: set[str] = set()
    for index, node in enumerate(graph.node):
        if not node.name or node.name in seen:
            node.name = f"{node.op_type}_{index}_{node.output[0]}"
        seen.add(node.name)


def _kept(model: ModelProto, overflowing: set[str]) -> set[str]:
    """Names of the nodes that stay FP32: with a value beyond FP16, a last softmax, and all that a scale or an equality of
    floats is computed from.

    Equality tells SegNet's unpooling where each maximum was. FP16 makes neighbours equal and turns near ones around: of a
    trained SegNet's labels 2 % changed with its encoder in FP16, and 0.01 % with the encoder in FP32.
    """
    graph, floats = model.graph, _floats(model)
    maker = {output: node for node in graph.node for output in node.output}
    asked = [
        node.input[_SCALES[node.op_type]]
        for node in graph.node
        if node.op_type in _SCALES and _SCALES[node.op_type] < len(node.input)
    ]
    exact = [node for node in graph.node if node.op_type == "Equal" and floats & set(node.input)]
    asked += [name for node in exact for name in node.input]
    kept = {node.name for node in graph.node if overflowing & set(node.input)} | {node.name for node in exact}
    reached: set[str] = set()
    while asked:
        node = maker.get(asked.pop())
        if node is not None and node.name not in reached and node.op_type != "Shape":
            reached.add(node.name)
            asked += node.input
    last = [maker[output.name] for output in graph.output if output.name in maker]
    return kept | reached | {node.name for node in last if node.op_type in _LAST}


def _floats(model: ModelProto) -> set[str]:
    """Names of the FP32 tensors."""
    inferred = onnx.shape_inference.infer_shapes(model).graph
    values = [*inferred.value_info, *inferred.input, *inferred.output]
    named = {value.name for value in values if value.type.tensor_type.elem_type == TensorProto.FLOAT}
    return named | {tensor.name for tensor in model.graph.initializer if tensor.data_type == TensorProto.FLOAT}


def _own_initialisers(graph: GraphProto, kept: set[str]) -> None:
    """Nodes that stay FP32 get copies of what they share with others: else it would be made FP16 and cast back."""
    tensors = {tensor.name: tensor for tensor in graph.initializer if tensor.data_type == TensorProto.FLOAT}
    shared = {name for node in graph.node if node.name not in kept for name in node.input} & tensors.keys()
    copied: dict[str, str] = {}
    for node in graph.node:
        for index, name in enumerate(node.input):
            if node.name in kept and name in shared:
                if name not in copied:
                    copied[name] = f"{name}_in_fp32"
                    copy = graph.initializer.add()
                    copy.CopyFrom(tensors[name])
                    copy.name = copied[name]
                node.input[index] = copied[name]


def _casts_once(graph: GraphProto) -> None:
    """The converter casts a value anew, under the same name, for every node that wants it in FP32."""
    seen: set[str] = set()
    once: list[NodeProto] = []
    for node in graph.node:
        if not (_casts(node, TensorProto.FLOAT) and node.output[0] in seen):
            once.append(node)
        seen.update(node.output)
    del graph.node[:]
    graph.node.extend(once)


def _without_round_trips(graph: GraphProto) -> None:
    """Between two nodes that stay FP32, and before the logits, the converter casts to FP16 and back: take the value before."""
    maker = {output: node for node in graph.node for output in node.output}
    outputs = {output.name for output in graph.output}
    trips = {}
    for node in graph.node:
        before = maker.get(node.input[0]) if _casts(node, TensorProto.FLOAT) else None
        if before is not None and before.name.endswith("_cast_to_fp16_node"):
            trips[node.output[0]] = before.input[0]
    for node in graph.node:
        node.input[:] = [trips.get(name, name) for name in node.input]
    for name in outputs & trips.keys():
        # The world knows the value after the trip by its name: the node before it takes that name.
        graph.node.remove(maker[name])
        for node in graph.node:
            node.input[:] = [name if one == trips[name] else one for one in node.input]
            node.output[:] = [name if one == trips[name] else one for one in node.output]
    _drop_unused(graph)
    del graph.value_info[:]  # they name what is no longer there, and everybody infers them anew


def _casts(node: NodeProto, to: int) -> bool:
    return node.op_type == "Cast" and any(a.name == "to" and a.i == to for a in node.attribute)


def _drop_unused(graph: GraphProto) -> None:
    while True:
        used = {name for node in graph.node for name in node.input} | {output.name for output in graph.output}
        dead = [node for node in graph.node if not used & set(node.output)]
        if not dead:
            return
        for node in dead:
            graph.node.remove(node)
