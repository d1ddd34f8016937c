"""The one image input, as uint8 pixels with the preparation in the graph."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx
from onnx import NodeProto, TensorProto, helper

from export.bringing.graph import Graph, sizes
from export.bringing.spec import Layout
from export.conversion_error import ConversionError
from export.normalisation import GREY_WEIGHTS, Normalisation

PIXELS = "pixels"


def image_input(model: onnx.ModelProto) -> onnx.ValueInfoProto:
    """The input that is no initialiser. Raises ConversionError where there is not exactly one image of 1 or 3 channels."""
    initialised = {one.name for one in model.graph.initializer}
    inputs = [one for one in model.graph.input if one.name not in initialised]
    if len(inputs) != 1:
        names = ", ".join(one.name for one in inputs) or "none"
        raise ConversionError(
            f"it has {len(inputs)} inputs ({names}); HemoCam feeds one image: export the network with that input alone"
        )
    kind = inputs[0].type.tensor_type.elem_type
    if kind not in (TensorProto.FLOAT, TensorProto.UINT8):
        raise ConversionError(
            f"its input {inputs[0].name} is {TensorProto.DataType.Name(kind).lower()}; bring the float32 model, "
            "`hemocam export half` "
            "and `int8` make the others"
        )
    if len(sizes(inputs[0])) != 4:
        raise ConversionError(
            f"its input {inputs[0].name} has {len(sizes(inputs[0]))} dimensions; an image has (batch, 3, height, width)"
        )
    image: onnx.ValueInfoProto = inputs[0]
    return image


def layout_of(value: onnx.ValueInfoProto, channels: int, said: Layout | None) -> Layout:
    """Where the channels stand. Raises ConversionError where the sizes leave it open or contradict what was `said`."""
    shape = sizes(value)
    axes: dict[Layout, int | None] = {"nchw": shape[1], "nhwc": shape[3]}
    exact = [name for name, size in axes.items() if size == channels]
    # Where an axis has another picture's channels, one of any size is no sign.
    other = any(size in (1, 3) for size in axes.values())
    fits = exact or [name for name, size in axes.items() if size is None and not other]
    if said is not None and (said in fits or axes[said] is None):
        return said
    if said is None and len(fits) == 1:
        return fits[0]
    if not fits:
        raise ConversionError(
            f"its input {value.name} is {_read(shape)}: no axis has {channels} channel{'s' if channels != 1 else ''}"
            + ("; for a network that takes grey pictures say --normalisation grey" if 1 in (shape[1], shape[3]) else "")
        )
    raise ConversionError(f"its input {value.name} is {_read(shape)}: say --layout nchw or --layout nhwc")


def from_pixels(model: onnx.ModelProto, layout: Layout, normalisation: Normalisation) -> None:
    """Give `model`, in place, the input `pixels` (batch, height, width, 3) uint8 in RGB.

    `Cast` comes first, for TensorRT refuses other work on uint8. A model of uint8 input has its own preparation and keeps it;
    only its layout is changed.
    """
    graph = Graph(model)
    value = image_input(model)
    shape = sizes(value)
    spatial = shape[2:] if layout == "nchw" else shape[1:3]
    takes_bytes = value.type.tensor_type.elem_type == TensorProto.UINT8
    pixels = graph.fresh(PIXELS) if value.name != PIXELS else PIXELS
    readers = graph.consumers(value.name)
    nodes, last = _preparation(graph, pixels, layout, None if takes_bytes else normalisation)
    for node in readers:
        if not takes_bytes:
            _read_instead(node, value.name, last)
            continue
        if node.op_type != "Cast":
            raise ConversionError(
                f"node {node.name or node.output[0]} ({node.op_type}) works on uint8 itself; TensorRT takes uint8 "
                "only through a Cast: "
                "export the network with a float input"
            )
        if next(one.i for one in node.attribute if one.name == "to") != TensorProto.FLOAT:
            raise ConversionError(f"node {node.name or node.output[0]} casts the pixels to no float32; bring the float32 model")
        graph.replace_uses(node.output[0], last)
        graph.remove(node)
    graph.insert(nodes, before=model.graph.node[0] if model.graph.node else None)
    model.graph.input.remove(value)
    dims: list[str | int | None] = [shape[0] or "batch", spatial[0] or "height", spatial[1] or "width", 3]
    model.graph.input.insert(0, helper.make_tensor_value_info(pixels, TensorProto.UINT8, dims))
    if pixels != PIXELS:  # something inside has that name already
        _rename(model, PIXELS, graph.fresh("inner_pixels"))
        _rename(model, pixels, PIXELS)


def _preparation(graph: Graph, pixels: str, layout: Layout, normalisation: Normalisation | None) -> tuple[list[NodeProto], str]:
    nodes = [graph.node("Cast", [pixels], "floats", to=TensorProto.FLOAT)]

    def then(kind: str, stem: str, *constants: object, **attributes: Any) -> None:
        names = [graph.add_constant(np.asarray(one), stem) for one in constants]
        nodes.append(graph.node(kind, [nodes[-1].output[0], *names], stem, **attributes))

    if layout == "nchw":
        then("Transpose", "planes", perm=[0, 3, 1, 2])
    if normalisation is not None:
        axis = 1 if layout == "nchw" else 3
        shape = [1, -1, 1, 1] if axis == 1 else [1, 1, 1, -1]
        if normalisation.order == "bgr":
            then("Gather", "bgr", np.asarray([2, 1, 0], np.int64), axis=axis)
        if normalisation.order == "grey":
            then("Mul", "weighted", np.asarray(GREY_WEIGHTS, np.float32).reshape(shape))
            then("ReduceSum", "grey", np.asarray([axis], np.int64), keepdims=1)
        if normalisation.divisor != 1.0:
            then("Div", "scaled", np.float32(normalisation.divisor))
        mean, std = (np.asarray(one[: normalisation.channels], np.float32) for one in (normalisation.mean, normalisation.std))
        if mean.any():
            then("Sub", "centred", mean.reshape(shape))
        if (std != 1.0).any():
            then("Div", "normalised", std.reshape(shape))
    return nodes, nodes[-1].output[0]


def _read_instead(node: NodeProto, old: str, new: str) -> None:
    for index, name in enumerate(node.input):
        if name == old:
            node.input[index] = new


def _rename(model: onnx.ModelProto, old: str, new: str) -> None:
    for one in (*model.graph.input, *model.graph.initializer):
        if one.name == old:
            one.name = new
    for node in model.graph.node:
        _read_instead(node, old, new)
        for index, name in enumerate(node.output):
            if name == old:
                node.output[index] = new


def _read(shape: tuple[int | None, ...]) -> str:
    return "(" + ", ".join("?" if one is None else str(one) for one in shape) + ")"
