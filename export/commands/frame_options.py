"""Options of the commands that compare models on pictures."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Frames = Annotated[
    Path | None,
    typer.Option(help="Folder of pictures to compare on, prepared as the device does; rendered fields if not given."),
]
Most = Annotated[int, typer.Option("--most", help="At most so many pictures, spread over the folder.", min=1)]
CellDiameter = Annotated[
    float | None, typer.Option(help="Diameter of a red cell in the pictures; measured in each if not given.", min=1.0)
]
