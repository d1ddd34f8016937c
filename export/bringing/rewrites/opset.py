"""To an opset that every TensorRT reads, where that is possible."""

from __future__ import annotations

import numpy as np
import onnx
from onnx import helper

from export.bringing.graph import Graph
from export.conversion_error import ConversionError
from export.graph_cleaning import STANDARD

OPSET = 17
OLDEST = 7
"""onnxruntime reads nothing older."""


def opset_of(model: onnx.ModelProto) -> int:
    """The version of the standard operators, 0 where the file has none."""
    return max((one.version for one in model.opset_import if one.domain in STANDARD), default=0)


def at_opset(model: onnx.ModelProto) -> onnx.ModelProto:
    """`model` at opset 17: an older one is upgraded, a newer one lowered where only the spelling changed, else left as it is.

    Raises ConversionError where an operator cannot be upgraded.
    """
    version = opset_of(model)
    if version < OLDEST:
        raise ConversionError(f"its opset is {version}; HemoCam reads {OLDEST} and newer: export the network anew")
    if version < OPSET:
        try:
            return onnx.version_converter.convert_version(model, OPSET)
        except (RuntimeError, ValueError, onnx.checker.ValidationError) as error:
            raise ConversionError(
                f"it cannot be upgraded from opset {version} to {OPSET}: {_last_line(error)}; export the network anew with "
                f"opset_version={OPSET}"
            ) from error
    return _lowered(model) if version > OPSET else model


def _lowered(model: onnx.ModelProto) -> onnx.ModelProto:
    """A newer opset written as 17; `model` itself where an operator is really new, for then the checker refuses it.

    onnx's own converter fails on what PyTorch writes: axes of a reduction as an input with an attribute beside it, and Pad.
    """
    lower = onnx.ModelProto()
    lower.CopyFrom(model)
    graph = Graph(lower)
    for node in graph.nodes:
        if node.op_type.startswith("Reduce") and node.op_type != "ReduceSum" and not _axes_to_attribute(graph, node):
            return model
        if node.op_type == "Split":
            _drop(node, "num_outputs")
        if node.op_type == "Pad" and len(node.input) > 3 and node.input[3] and not _pads_of_all_axes(graph, node):
            return model
    for one in lower.opset_import:
        if one.domain in STANDARD:
            one.version = OPSET
    graph.prune()
    try:
        onnx.checker.check_model(lower, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError):
        return model
    return lower


def _axes_to_attribute(graph: Graph, node: onnx.NodeProto) -> bool:
    _drop(node, "noop_with_empty_axes")
    if len(node.input) < 2 or not node.input[1]:
        return True
    axes = graph.constant(node.input[1])
    if axes is None:
        return False
    del node.input[1:]
    node.attribute.append(helper.make_attribute("axes", [int(axis) for axis in np.ravel(axes)]))
    return True


def _pads_of_all_axes(graph: Graph, node: onnx.NodeProto) -> bool:
    """Pads of some axes as pads of all: possible where the axes are those of an image."""
    pads, axes = graph.constant(node.input[1]), graph.constant(node.input[3])
    if pads is None or axes is None:
        return False
    every = np.zeros(8, np.int64)
    for index, axis in enumerate(np.ravel(axes)):
        every[int(axis) % 4], every[int(axis) % 4 + 4] = int(pads[index]), int(pads[index + len(axes)])
    node.input[1] = graph.add_constant(every, "pads")
    del node.input[3:]
    if not node.input[-1]:
        del node.input[2:]
    return True


def _drop(node: onnx.NodeProto, name: str) -> None:
    for attribute in [one for one in node.attribute if one.name == name]:
        node.attribute.remove(attribute)


def _last_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]
