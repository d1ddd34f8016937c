"""What every measurement asks of the command line."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from engines.opening import Runtime

ModelName = Annotated[str, typer.Option(help="A model that ships with HemoCam, or the folder of one.")]
RuntimeName = Annotated[Runtime, typer.Option(help="What computes: cpu takes the model's default file.")]


def note(text: str) -> None:
    """What a person must know of the runtime, beside the figures."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"note: {text}", markup=False)
