"""All outputs as one tensor of logits, in HemoCam's order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from export.bringing.graph import Graph
from export.bringing.rewrites.opset import opset_of
from export.bringing.spec import BACKGROUND, Layout, Task
from export.conversion_error import ConversionError

LOGITS = "logits"
Tail = Literal["sigmoid", "softmax", "none"]

# What may stand behind the last activation without changing a value.
_CARRIERS = ("Identity", "Transpose", "Cast", "Squeeze", "Unsqueeze")


@dataclass(frozen=True, slots=True)
class Head:
    """One output as it will be: its name in the graph, the activation that was taken off, where its channels stand."""

    name: str
    tail: Tail
    layout: Layout
    channels: int


def chosen(model: onnx.ModelProto, outputs: tuple[str, ...]) -> None:
    """Keep only these outputs of `model`, in this order, in place. Raises ConversionError where there is none of that name."""
    have = {one.name: one for one in model.graph.output}
    missing = [name for name in outputs if name not in have]
    if missing:
        raise ConversionError(f"it has no output {', '.join(missing)}; it has {', '.join(have)}")
    if outputs:
        kept = [have[name] for name in outputs]
        copies = []
        for one in kept:
            copy = onnx.ValueInfoProto()
            copy.CopyFrom(one)
            copies.append(copy)
        del model.graph.output[:]
        model.graph.output.extend(copies)
    Graph(model).prune()


def without_activation(model: onnx.ModelProto, name: str) -> Tail:
    """Take the sigmoid or softmax off the output `name`, in place, and say which it was."""
    graph = Graph(model)
    node, at, reader = graph.producer(name), name, None
    while node is not None and node.op_type in _CARRIERS:
        at, reader = node.input[0], node
        node = graph.producer(at)
    if node is None or node.op_type not in ("Sigmoid", "Softmax"):
        return "none"
    # Whoever else reads the probabilities, such as a second head, goes on reading them.
    replacement = graph.node("Identity", [node.input[0]], "before_activation")
    others = [one for one in graph.consumers(at) if one is not reader and one != reader]
    probabilities = graph.fresh("probabilities")
    for other in others:
        for index, read in enumerate(other.input):
            if read == at:
                other.input[index] = probabilities
    node.output[0], replacement.output[0] = probabilities, at
    graph.insert([replacement], before=node)
    return "sigmoid" if node.op_type == "Sigmoid" else "softmax"


def _give_way(model: onnx.ModelProto, nodes: Sequence[NodeProto], inner: str) -> None:
    """What is called as the output is to be has another name from now on."""
    for node in nodes:
        _rename(node, LOGITS, inner)
    for one in model.graph.initializer:
        one.name = inner if one.name == LOGITS else one.name


def joined(model: onnx.ModelProto, heads: list[Head], labels: tuple[str, ...], task: Task) -> None:
    """Make of all `heads`, in place, the one output `logits`: channels first, background left out.

    A device reads each channel of a field by a sigmoid. The probability p that a softmax over l gives channel k is a sigmoid
    of l_k - log(sum over the others of exp(l_j)), so that is what stands there for it.
    """
    graph, nodes, parts = Graph(model), list[NodeProto](), list[str]()

    def then(kind: str, inputs: list[str], stem: str, **attributes: Any) -> str:
        nodes.append(graph.node(kind, inputs, stem, **attributes))
        return str(nodes[-1].output[0])

    for head in heads:
        name = head.name
        if task == "segmentation":
            if head.layout == "nhwc":
                name = then("Transpose", [name], "channels_first", perm=[0, 3, 1, 2])
            if head.tail == "softmax" and head.channels > 1:
                name = _odds(graph, nodes, name, head.channels)
        elif head.channels == 1 and len(labels) == 2:
            # One number for two classes: its sigmoid is the second's probability, as a softmax over (0, l) has it.
            zero = then("Mul", [name, graph.add_constant(np.float32(0.0), "nothing")], "first_class")
            name = then("Concat", [zero, name], "both_classes", axis=1)
        parts.append(name)
    result = parts[0] if len(parts) == 1 else then("Concat", parts, "all_channels", axis=1)
    kept = [index for index, label in enumerate(labels) if label != BACKGROUND or task == "classification"]
    if len(kept) != len(labels):
        result = then("Gather", [result, graph.add_constant(np.asarray(kept, np.int64), "kept")], "cells_only", axis=1)
    final = graph.node("Identity", [result], LOGITS)
    if final.output[0] != LOGITS:
        _give_way(model, (*model.graph.node, *nodes, final), graph.fresh("inner_logits"))
        final.output[0] = LOGITS
    graph.insert([*nodes, final], before=None)
    dims: list[str | int | None] = ["batch", len(kept)]
    dims += ["out_height", "out_width"] if task == "segmentation" else []
    del model.graph.output[:]
    model.graph.output.append(helper.make_tensor_value_info(LOGITS, TensorProto.FLOAT, dims))
    Graph(model).prune()


def _odds(graph: Graph, nodes: list[NodeProto], name: str, channels: int) -> str:
    parts = []
    for channel in range(channels):
        others = graph.add_constant(np.asarray([k for k in range(channels) if k != channel], np.int64), "others")
        own = graph.add_constant(np.asarray([channel], np.int64), "own")
        rest = graph.node("Gather", [name, others], "rest", axis=1)
        mine = graph.node("Gather", [name, own], "mine", axis=1)
        nodes += [rest, mine]
        against = rest.output[0]
        if channels > 2:
            # The largest is taken out first: exp() of large logits would overflow, in FP16 above 11 already.
            top = _largest(graph, against)
            below = graph.node("Sub", [against, top.output[0]], "below")
            powers = graph.node("Exp", [below.output[0]], "powers")
            total = graph.node("ReduceSum", [powers.output[0], graph.add_constant(np.asarray([1], np.int64), "axis")], "total")
            log = graph.node("Log", [total.output[0]], "log")
            back = graph.node("Add", [log.output[0], top.output[0]], "against")
            nodes += [top, below, powers, total, log, back]
            against = back.output[0]
        odds = graph.node("Sub", [mine.output[0], against], "odds")
        nodes.append(odds)
        parts.append(odds.output[0])
    nodes.append(graph.node("Concat", parts, "all_odds", axis=1))
    return str(nodes[-1].output[0])


def _largest(graph: Graph, name: str) -> NodeProto:
    """Over the channels; the axes became an input with opset 18."""
    if opset_of(graph.model) >= 18:
        axis = graph.add_constant(np.asarray([1], np.int64), "axis")
        return graph.node("ReduceMax", [name, axis], "largest", keepdims=1)
    return graph.node("ReduceMax", [name], "largest", axes=[1], keepdims=1)


def _rename(node: NodeProto, old: str, new: str) -> None:
    for names in (node.input, node.output):
        for index, name in enumerate(names):
            if name == old:
                names[index] = new
