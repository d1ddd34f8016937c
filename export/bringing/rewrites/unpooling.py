"""SegNet's unpooling as TensorRT takes it: it refuses MaxPool with indices, MaxUnpool and the scatter that PyTorch writes.

A k x k window without overlap has k * k places. SpaceToDepth makes a channel group of each place; the value goes back to the
first place, by rows, that equals the window's maximum, and DepthToSpace puts the groups together again. That is what
MaxUnpool does with MaxPool's indices, bit for bit, ties included: after a ReLU a window of four equal zeros is common, and
MaxPool's index is the first of them. (Comparing with the enlarged maximum alone would put the value in all four.)
"""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import NodeProto

from export.bringing.graph import Graph
from export.bringing.rewrites.opset import opset_of
from export.conversion_error import ConversionError

_INDEX_WORK = {"Sub", "Add", "Mul", "Reshape", "Unsqueeze", "Squeeze", "Concat", "Range", "Slice", "Cast", "Expand", "Identity",
               "Flatten", "Transpose", "MaxPool", "Gather", "Shape", "Where", "Less",
               "Div", "Mod"}  # fmt: skip
"""What may stand between MaxPool's indices and a scatter, so that it is an unpooling and nothing else."""


def without_unpooling(model: onnx.ModelProto) -> int:
    """Rewrite all unpoolings of `model` in place; gives how many there were. Raises ConversionError naming the node.

    Knows MaxUnpool (also with indices that PyTorch's old exporter shifted by those of a 1x1 pooling) and the ScatterND or
    ScatterElements of its new exporter.
    """
    graph, found = Graph(model), 0
    for node in graph.nodes:
        if node.op_type == "MaxUnpool":
            _rewrite(graph, node, _pooling_behind(graph, node.input[1], node), node.input[0], node.output[0])
            found += 1
        elif node.op_type in ("ScatterND", "ScatterElements"):
            pooling = _pooling_behind(graph, node.input[1], None)
            if pooling is not None:
                _rewrite(graph, node, pooling, _image_before(graph, node.input[2]), _image_after(graph, node.output[0]))
                found += 1
    if found:
        graph.prune()
        for node in graph.nodes:
            # The indices are read no more; an empty second output is none.
            if node.op_type == "MaxPool" and len(node.output) > 1 and not graph.consumers(node.output[1]):
                del node.output[1:]
    for node in graph.nodes:
        if node.op_type == "MaxPool" and len(node.output) > 1 and node.output[1]:
            raise ConversionError(
                f"node {node.name or node.output[0]} (MaxPool) gives indices that no MaxUnpool reads; TensorRT refuses that: "
                "write what they are for with other operations"
            )
    return found


def _pooling_behind(graph: Graph, indices: str, unpooling: NodeProto | None) -> NodeProto | None:
    """The MaxPool whose indices these are. For a scatter (`unpooling` None) there may be none; a MaxUnpool must have one."""
    seen, queue, found = set[str](), [indices], dict[str, NodeProto]()
    while queue:
        name = queue.pop()
        node = graph.producer(name)
        if name in seen or node is None:
            continue
        seen.add(name)
        if node.op_type == "MaxPool" and len(node.output) > 1 and name == node.output[1]:
            # PyTorch takes the indices of a 1x1 pooling of the same image to find out where each plane begins.
            if _ints(node, "kernel_shape") != [1, 1]:
                found[node.output[0]] = node
            continue
        if node.op_type in ("Shape", "Constant", "ConstantOfShape"):
            continue
        if node.op_type not in _INDEX_WORK:
            if unpooling is None:
                return None
            raise _refused(unpooling, f"its indices come from {node.op_type}, not from a MaxPool")
        queue.extend(node.input)
    if len(found) != 1:
        if unpooling is None:
            return None
        raise _refused(unpooling, f"its indices come from {len(found)} poolings")
    return next(iter(found.values()))


def _image_before(graph: Graph, name: str) -> str:
    """Back through the reshapes that made a list of an image."""
    node = graph.producer(name)
    while node is not None and node.op_type in ("Reshape", "Flatten", "Unsqueeze", "Squeeze", "Identity"):
        name = node.input[0]
        node = graph.producer(name)
    return name


def _image_after(graph: Graph, name: str) -> str:
    """On through the reshapes that make an image of a list again."""
    users = graph.consumers(name)
    while len(users) == 1 and users[0].op_type in ("Reshape", "Unsqueeze", "Squeeze", "Identity"):
        name = users[0].output[0]
        users = graph.consumers(name)
    return name


def _rewrite(graph: Graph, node: NodeProto, pooling: NodeProto | None, values: str, result: str) -> None:
    assert pooling is not None
    side = _window(pooling)
    image, maximum = pooling.input[0], pooling.output[0]
    places = graph.node("SpaceToDepth", [image], "places", blocksize=side)
    count: dict[str, Any] = {"num_outputs": side * side} if opset_of(graph.model) >= 18 else {}
    groups = graph.node("Split", [places.output[0]], "place", side * side, axis=1, **count)
    made, spread, zero = [places, groups], [], graph.add_constant(np.float32(0.0), "zero")
    before: str | None = None
    for place in groups.output:
        here = graph.node("Equal", [place, maximum], "is_maximum")
        made.append(here)
        chosen = here.output[0]
        if before is not None:
            free = graph.node("Not", [before], "none_before")
            first = graph.node("And", [chosen, free.output[0]], "is_first")
            either = graph.node("Or", [before, chosen], "any_until")
            made += [free, first, either]
            chosen, before = first.output[0], either.output[0]
        else:
            before = chosen
        value = graph.node("Where", [chosen, values, zero], "spread")
        made.append(value)
        spread.append(value.output[0])
    joined = graph.node("Concat", spread, "spread_groups", axis=1)
    back = graph.node("DepthToSpace", [joined.output[0]], "unpooled", blocksize=side, mode="DCR")
    # The last `Or` is read by nobody and is pruned. The values exist only where the old node stood.
    producer = graph.producer(result)
    graph.replace_uses(result, back.output[0])
    if graph.is_output(result):
        # The output keeps its name, so that the old producer gives its own to nobody.
        assert producer is not None
        producer.output[0] = graph.fresh("old_unpooled")
        for reader in graph.consumers(back.output[0]):
            reader.input[list(reader.input).index(back.output[0])] = result
        back.output[0] = result
    graph.insert([*made, joined, back], before=node)


def _window(pooling: NodeProto) -> int:
    kernel, strides = _ints(pooling, "kernel_shape"), _ints(pooling, "strides") or [1, 1]
    square = len(set(kernel)) == 1 and kernel == strides and len(kernel) == 2
    if not square or any(_ints(pooling, "pads")) or set(_ints(pooling, "dilations")) - {1} or kernel[0] < 2:
        raise _refused(
            pooling,
            f"its windows of {kernel} at strides of {strides} overlap or are padded; only square ones side by side "
            "can be undone",
        )
    return kernel[0]


def _ints(node: NodeProto, name: str) -> list[int]:
    return next((list(one.ints) for one in node.attribute if one.name == name), [])


def _refused(node: NodeProto, why: str) -> ConversionError:
    return ConversionError(
        f"node {node.name or node.output[0]} ({node.op_type}) cannot be rewritten for TensorRT: {why}; train with 2x2 "
        "pooling and "
        "its own unpooling, or with another way up"
    )
