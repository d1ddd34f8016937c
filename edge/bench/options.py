"""What every measurement asks of the command line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated

import typer
from rich.console import Console

from engines.opening import Runtime

ModelName = Annotated[str, typer.Option(help="A model that ships with HemoCam, or the folder of one.")]
RuntimeName = Annotated[Runtime, typer.Option(help="What computes: cpu takes the model's default file.")]


def note(text: str) -> None:
    """What a person must know of the runtime, beside the figures."""
    Console(stderr=True, highlight=False, soft_wrap=True).print(f"note: {text}", markup=False)


@contextmanager
def needs_export() -> Iterator[None]:
    """What is imported in here needs the export extra: a missing package is one line with the cure."""
    try:
        yield
    except ImportError as error:
        raise typer.BadParameter(f'this needs {error.name}; install it with: pip install "hemocam[export]"') from error
