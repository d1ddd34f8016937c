"""`hemocam export onnx`."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any

import typer


def onnx_(
    source: Annotated[Path, typer.Argument(help="The trained network: .pt, .pth, .pt2, .keras, .h5 or .onnx.")],
    out: Annotated[Path, typer.Option(help="Folder to write the model into; its last part is the model's name.")],
    channels: Annotated[
        str, typer.Option(help="Of a network for fields, its outputs in order: rbc, rbc_outline, rbc_centre, ..., background.")
    ] = "",
    classes: Annotated[str, typer.Option(help="Of a classifier of single cells, its classes in order, by commas.")] = "",
    architecture: Annotated[str, typer.Option(help="Whose weights a state dict holds, e.g. unet, segnet, do-unet.")] = "",
    width: Annotated[int | None, typer.Option(help="Filters of the first layer, where not the paper's.")] = None,
    cell_diameter_px: Annotated[float | None, typer.Option(help="Red cell diameter in the pictures it learnt on.")] = None,
    side_px: Annotated[
        int | None, typer.Option(help="The side of its input, where it takes only one or the file is silent.")
    ] = None,
    context_px: Annotated[
        int | None, typer.Option(help="Border of such a square that is not to be trusted; an eighth if not given.")
    ] = None,
    normalisation: Annotated[
        str, typer.Option(help="What it learnt on: unit (0..1), raw (0..255), signed (-1..1), imagenet, caffe, grey.")
    ] = "unit",
    bgr: Annotated[bool, typer.Option("--bgr", help="It learnt on blue, green, red, as OpenCV reads.")] = False,
    layout: Annotated[str | None, typer.Option(help="nchw or nhwc, where the file leaves it open.")] = None,
    outputs: Annotated[str, typer.Option(help="Which outputs to take, by name and comma; all if not given.")] = "",
    python: Annotated[Path | None, typer.Option(help="File with your own Keras layers. It is executed.")] = None,
    white_balance: Annotated[
        bool | None, typer.Option(help="It learnt on white-balanced pictures. Given with --architecture unless said.")
    ] = None,
    licence: Annotated[str, typer.Option(help="The model's licence.")] = "not stated",
    manifest: Annotated[
        Path | None, typer.Option(help="YAML with more of the manifest: version, description, decoding, ...")
    ] = None,
) -> None:
    """Bring a trained network in: one checked ONNX file that takes a camera's pixels, and its manifest."""
    from export.bringing import BringingSpec, ConversionError, bring, write_model_folder
    from export.bringing.model_folder import ManifestFacts, manifest_content

    try:
        spec = BringingSpec(
            _names(channels), _names(classes), architecture or None, width, side_px, context_px, cell_diameter_px,
            _normalisation(normalisation, bgr), _layout(layout), _names(outputs), python,
        )  # fmt: skip
        more = manifest_content(manifest) if manifest else {}
        balanced = bool(architecture) if white_balance is None else white_balance
        brought = bring(source, spec)
        folder = write_model_folder(out, brought, spec, ManifestFacts(out.name, licence, white_balance=balanced, more=more))
    except ConversionError as error:
        raise typer.BadParameter(str(error)) from error
    for notice in brought.notices:
        typer.echo(f"note: {notice}")
    typer.echo(
        f"{folder}: {brought.kind}, {brought.parameters:,} parameters, {len(brought.onnx) / 1e6:.1f} MB, "
        f"differs from its source by {brought.worst:.1g} at most"
    )


def _names(text: str) -> tuple[str, ...]:
    return tuple(one.strip() for one in text.split(",") if one.strip())


def _normalisation(name: str, bgr: bool) -> Any:
    from export.normalisation import NORMALISATIONS

    if name not in NORMALISATIONS:
        raise typer.BadParameter(f"there is no normalisation {name!r}; there are {', '.join(NORMALISATIONS)}")
    found = NORMALISATIONS[name]
    if bgr and found.order == "grey":
        raise typer.BadParameter("a grey picture has no order of colours: leave --bgr out")
    return replace(found, order="bgr") if bgr else found


def _layout(layout: str | None) -> Any:
    if layout not in (None, "nchw", "nhwc"):
        raise typer.BadParameter(f"--layout is nchw or nhwc, not {layout}")
    return layout
