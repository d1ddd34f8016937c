"""From any file that holds a trained network to one ONNX file that HemoCam runs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import numpy as np
import onnx

from export.bringing import exported_program, keras_model, onnx_model, torch_state, torchscript
from export.bringing.agreement import checked
from export.bringing.graph import sizes
from export.bringing.rewrites.input_layout import from_pixels
from export.bringing.rewrites.opset import OPSET, opset_of
from export.bringing.rewrites.output_logits import Head, chosen, joined, without_activation
from export.bringing.rewrites.unpooling import without_unpooling
from export.bringing.session import Session
from export.bringing.sides import measured
from export.bringing.source_kind import SourceKind, kind_of
from export.bringing.spec import BACKGROUND, BringingSpec, Brought, Layout, Sides, Source
from export.conversion_error import ConversionError
from export.graph_cleaning import STANDARD, cleaned
from export.to_onnx import described, sealed

READERS: Mapping[SourceKind, Callable[[Path, BringingSpec], Source]] = MappingProxyType(
    {
        SourceKind.TORCH_STATE: torch_state.read,
        SourceKind.TORCHSCRIPT: torchscript.read,
        SourceKind.EXPORTED_PROGRAM: exported_program.read,
        SourceKind.KERAS: keras_model.read,
        SourceKind.ONNX: onnx_model.read,
    }
)


def bring(source: Path, spec: BringingSpec) -> Brought:
    """Convert `source`: uint8 pixels in, logits out, and proof that it says what the source says.

    Raises ConversionError, its message beginning with the file. Nothing is written.
    """
    try:
        sha256 = hashlib.sha256(source.read_bytes()).hexdigest() if source.is_file() else ""
        return _converted(READERS[kind_of(source)](source, spec), spec, sha256)
    except OSError as error:
        raise ConversionError(f"{source} cannot be read: {error.strerror or error}") from error
    except ConversionError as error:
        raise ConversionError(f"{source}: {error}") from error


def _converted(source: Source, spec: BringingSpec, sha256: str) -> Brought:
    model, notices = source.model, list(source.notices)
    chosen(model, spec.outputs)
    _standard(model)
    unpoolings = without_unpooling(model)
    if unpoolings:
        notices.append(f"{unpoolings} unpoolings were rewritten for TensorRT")
    model = cleaned(model)
    from_pixels(model, source.layout, spec.normalisation)
    sides = measured(model, spec)
    heads = _heads(model, spec, sides)
    named = spec.labels
    if sum(head.channels for head in heads) != len(named) and not (spec.classes and heads[0].channels == 1 and len(named) == 2):
        given = " + ".join(f"{head.name} {head.channels}" for head in heads)
        raise ConversionError(
            f"its outputs have {given} channels, {len(named)} are named; name each in order ({BACKGROUND} is left "
            "out), or choose "
            "outputs with --outputs"
        )
    _open_sizes(model, sides)
    joined(model, heads, spec.labels, spec.task)
    if opset_of(model) > OPSET:
        notices.append(f"its opset stays {opset_of(model)}: the oldest JetPacks read {OPSET} at most")
    labels = tuple(label for label in spec.labels if label != BACKGROUND or spec.task == "classification")
    kind = spec.architecture or source.kind
    content = sealed(model, described(kind, labels, spec.task, spec.cell_diameter_px, sha256))
    worst = checked(content, source.reference, heads, spec, sides)
    return Brought(content, source.kind, source.parameters, sides, labels, sha256, worst, tuple(notices))


def _standard(model: onnx.ModelProto) -> None:
    """Raises ConversionError where a node is none of ONNX' own."""
    for node in model.graph.node:
        if node.domain not in STANDARD:
            raise ConversionError(
                f"node {node.name or node.output[0]} is {node.domain}.{node.op_type}, which is no ONNX operator and "
                "which TensorRT "
                "cannot know; export the network without it"
            )
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            raise ConversionError(
                f"node {node.name or node.output[0]} ({node.op_type}): the model is quantised already; bring the float32 one, "
                "`hemocam export int8` quantises it"
            )


def _heads(model: onnx.ModelProto, spec: BringingSpec, sides: Sides) -> list[Head]:
    """The outputs, without their activations, and where their channels stand: found by running."""
    side = sides.side_px or 3 * 64
    outputs = Session(model).run(np.full((1, side, side, 3), 128, np.uint8))
    heads = []
    for value, output in zip(list(model.graph.output), outputs, strict=True):
        want = 2 if spec.task == "classification" else 4
        if output.ndim != want:
            raise ConversionError(f"its output {value.name} is {output.shape}; {_WANTED[spec.task]}")
        last = want == 4 and output.shape[2] != output.shape[3] and output.shape[1] == output.shape[2]
        layout: Layout = "nhwc" if last else "nchw"
        channels = output.shape[3] if last else output.shape[1]
        heads.append(Head(value.name, without_activation(model, value.name), layout, channels))
    if spec.task == "classification" and len(heads) != 1:
        raise ConversionError(f"it has {len(heads)} outputs; choose the classes' one with --outputs")
    return heads


_WANTED = {
    "classification": "a classifier gives (batch, classes); take the output after pooling",
    "segmentation": "a network for fields gives (batch, channels, height, width); take the output before it is made a list",
}


def _open_sizes(model: onnx.ModelProto, sides: Sides) -> None:
    """What was found out stands in the file: one side, or any."""
    dims = model.graph.input[0].type.tensor_type.shape.dim
    if sizes(model.graph.input[0])[0] is None:
        dims[0].dim_param = "batch"
    for dim, name in ((dims[1], "height"), (dims[2], "width")):
        if sides.side_px is None:
            dim.dim_param = name
        else:
            dim.dim_value = sides.side_px
    del model.graph.value_info[:]
