"""Arguments that several commands share, and how errors are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.cameras.camera import CameraError
from edge.config import ConfigError
from edge.counting.errors import CountingError
from edge.counting.field_count import BorderRule
from edge.record.store.errors import StoreError
from edge.service.errors import ServiceError
from engines.contract import EngineError
from engines.opening import Runtime

FAULTS = (CameraError, ConfigError, CountingError, EngineError, ServiceError, StoreError)
"""What a person can mend: told in one line, without a trace."""

UmPerPx = Annotated[float | None, typer.Option(help="Micrometres per pixel, from a stage micrometer.", min=0.001, max=50.0)]
CellDiameter = Annotated[
    float | None, typer.Option(help="Diameter of a red cell in pixels; estimated if not given.", min=4.0, max=2000.0)
]
InsistOnScale = Annotated[
    bool, typer.Option("--insist-on-scale", help="Count also where the picture contradicts the scale that was given.")
]
ModelName = Annotated[str, typer.Option(help="A model that ships with HemoCam, or the folder of one.")]
RuntimeName = Annotated[Runtime, typer.Option(help="What computes: cpu takes the model's default file.")]
Border = Annotated[BorderRule, typer.Option(help="Which cells at the picture's border count.")]
Types = Annotated[bool, typer.Option("--types", help="Name the kind of each white cell. Blasts are not recognised.")]
ClassifierName = Annotated[str, typer.Option(help="What names cells: a classifier that ships with HemoCam, or a folder.")]
StoreFolder = Annotated[Path | None, typer.Option(help="Folder of the record; the user's data folder if not given.")]


def escaped(text: object) -> str:
    """As Rich prints it literally."""
    return str(text).replace("[", "\\[")


def show_fault(error: Exception) -> None:
    """In one line on standard error."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]hemocam:[/] {escaped(error)}")


def one_scale(um_per_px: float | None, cell_diameter_px: float | None) -> None:
    """Raises BadParameter where both ways of giving the scale are used."""
    if um_per_px is not None and cell_diameter_px is not None:
        raise typer.BadParameter("give --um-per-px or --cell-diameter-px, not both")
