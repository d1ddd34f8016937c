"""`hemocam export half`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands.frame_options import CellDiameter, Frames, Most


def half(
    model: Annotated[Path, typer.Argument(help="A model's folder, with its manifest and FP32 file.")],
    frames: Frames = None,
    most: Most = 8,
    cell_diameter_px: CellDiameter = None,
    replace: Annotated[bool, typer.Option("--replace", help="Make an FP16 file anew.")] = False,
) -> None:
    """Add an FP16 file to a model, for TensorRT: only where it labels and counts like FP32."""
    import logging

    from engines.contract import EngineError
    from engines.manifest import load_any_manifest
    from export.conversion_error import ConversionError
    from export.forms import Pictures, add_half, compared_on

    logging.basicConfig(level=logging.WARNING, format="%(message)s")
    try:
        manifest = load_any_manifest(model)
        tensors, told = compared_on(model, manifest, Pictures(frames, most, cell_diameter_px))
        added = add_half(model, manifest, tensors, replace=replace)
    except (ConversionError, EngineError) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{added.path}: {added.file_bytes / 1e6:.2f} MB of FP32's {added.fp32_bytes / 1e6:.2f} MB")
    typer.echo(f"FP16 against FP32 on {told}: {added.parity.text()}")
