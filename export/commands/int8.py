"""`hemocam export int8`."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from export.commands.frame_options import CellDiameter, Frames, Most


class Target(str, Enum):
    """export.to_int8.Int8For, whose import takes seconds."""

    CPU = "cpu"
    TENSORRT = "tensorrt"


def int8(
    model: Annotated[Path, typer.Argument(help="A model's folder, with its manifest and FP32 file.")],
    target: Annotated[Target, typer.Option("--for", help="What computes: onnxruntime's CPU, or TensorRT.")] = Target.CPU,
    frames: Frames = None,
    most: Most = 40,
    cell_diameter_px: CellDiameter = None,
    replace: Annotated[bool, typer.Option("--replace", help="Make this int8 file anew.")] = False,
) -> None:
    """Add an int8 file to a model, calibrated on pictures; the default file stays what it is."""
    from engines.contract import EngineError
    from engines.manifest import load_any_manifest
    from export.conversion_error import ConversionError
    from export.forms import add_int8
    from export.frames import frames as prepared
    from export.to_int8 import Int8For

    try:
        manifest = load_any_manifest(model)
        tensors = list(prepared(manifest, frames, most, cell_diameter_px))
        added = add_int8(model, manifest, Int8For(target.value), tensors, replace=replace)
    except (ConversionError, EngineError) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{added.path}: {added.file_bytes / 1e6:.2f} MB of FP32's {added.fp32_bytes / 1e6:.2f} MB")
    typer.echo(f"int8 against FP32: {added.parity.text()}")
    if added.ms is not None and added.fp32_ms is not None:
        typer.echo(
            f"{added.ms:.0f} ms a frame on this CPU, FP32 {added.fp32_ms:.0f} ms: {added.fp32_ms / added.ms:.2f} times as fast"
        )
    else:
        typer.echo("its speed is for the device to show: hemocam engines bench")
