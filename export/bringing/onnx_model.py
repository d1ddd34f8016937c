"""A network that is ONNX already, of any opset and layout."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
from google.protobuf.message import DecodeError  # type: ignore[import-untyped]
from numpy.typing import NDArray
from onnx import TensorProto, numpy_helper

from export.bringing.batch import any_batch
from export.bringing.graph import Graph
from export.bringing.rewrites.input_layout import image_input, layout_of
from export.bringing.rewrites.opset import at_opset, opset_of
from export.bringing.session import Session
from export.bringing.spec import BringingSpec, Source
from export.conversion_error import ConversionError
from export.graph_cleaning import STANDARD


def read(path: Path, spec: BringingSpec) -> Source:
    """Raises ConversionError."""
    original = _loaded(path)
    for node in original.graph.node:
        if node.domain not in STANDARD:
            raise ConversionError(
                f"node {node.name or node.output[0]} is {node.domain}.{node.op_type}, which is no ONNX operator and "
                "which TensorRT "
                "cannot know; export the network without it"
            )
    value = image_input(original)
    takes_bytes = value.type.tensor_type.elem_type == TensorProto.UINT8
    channels = 3 if takes_bytes else spec.normalisation.channels
    layout = layout_of(value, channels, spec.layout)
    notices = []
    model = at_opset(original)
    if opset_of(model) != opset_of(original):
        notices.append(f"opset {opset_of(original)} was rewritten as {opset_of(model)}")
    session = Session(_as_meant(original), optimise=False)
    if takes_bytes:
        notices.append("it takes uint8 and keeps its own preparation; --normalisation was not used")
    names = [one.name for one in original.graph.output]

    def reference(pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        images = pixels if takes_bytes else spec.normalisation.apply(pixels)
        images = np.ascontiguousarray(images.transpose(0, 3, 1, 2) if layout == "nchw" else images)
        found = session.run(images)
        return [found[names.index(name)] for name in spec.outputs] if spec.outputs else found

    asked, freed = any_batch(model, image_input(model), reference)
    floats = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
    parameters = sum(int(np.prod(one.dims)) for one in original.graph.initializer if one.data_type in floats)
    return Source("ONNX", model, layout, asked, max(1, parameters), (*notices, *freed))


def _loaded(path: Path) -> onnx.ModelProto:
    try:
        model = onnx.load(path)
        if not model.graph.node:
            raise ConversionError("it is no ONNX file or an empty one; bring a .pt, .pth, .pt2, .keras, .h5 or .onnx file")
        if any(not one.type.tensor_type.HasField("shape") for one in model.graph.output):
            # Tools that cut graphs leave the new outputs without sizes; the checker wants some.
            model = onnx.shape_inference.infer_shapes(model)
        onnx.checker.check_model(model)
    except FileNotFoundError as error:
        raise ConversionError(f"its weights lie in another file that is not beside it: {error}") from error
    except (DecodeError, onnx.checker.ValidationError, ValueError, UnicodeDecodeError) as error:
        first = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ConversionError(f"it is no valid ONNX file ({first}); copy or export it again") from error
    if any(one.data_type == TensorProto.FLOAT16 for one in model.graph.initializer):
        raise ConversionError("its weights are float16; bring the float32 file, `hemocam export half` makes the other")
    for tensor in model.graph.initializer:
        # One file: nothing of it stays outside.
        if tensor.data_location == TensorProto.EXTERNAL:
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor, base_dir=str(path.parent)), tensor.name))
    return model


def _as_meant(model: onnx.ModelProto) -> onnx.ModelProto:
    """What the file means where PyTorch's old exporter wrote its own indices into MaxUnpool.

    It subtracts the indices at which each plane begins, because PyTorch counts within planes; ONNX counts over the whole
    tensor, so that onnxruntime puts the values of every plane into the first. Without the subtraction it is what was trained.
    """
    meant = onnx.ModelProto()
    meant.CopyFrom(model)
    graph = Graph(meant)
    for node in graph.nodes:
        before = graph.producer(node.input[1]) if node.op_type == "MaxUnpool" else None
        if before is not None and before.op_type == "Sub":
            node.input[1] = before.input[0]
    return meant
