"""`hemocam export seal`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def seal(
    model: Annotated[Path, typer.Argument(help="A model's folder, with its manifest and FP32 file.")],
    frames: Annotated[int, typer.Option(help="How many rendered fields.", min=1, max=16)] = 4,
) -> None:
    """Seal reference frames with a model: what every engine built of it must count as its FP32 file does."""
    from engines.contract import EngineError
    from export.conversion_error import ConversionError
    from export.sealing import seal as sealed

    try:
        done = sealed(model, frames)
    except (ConversionError, EngineError) as error:
        raise typer.BadParameter(str(error)) from error
    typer.echo(f"{done.path}: {len(done.counts)} frames, {done.file_bytes / 1000:.0f} kB")
    for index, counts in enumerate(done.counts):
        typer.echo(f"frame {index}: " + ", ".join(f"{kind} {number}" for kind, number in counts.items()))
