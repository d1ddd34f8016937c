"""`hemocam export`: from labelled fields, or from a lab's own trained model, to an engine that counts like its reference.

Heavy packages are imported by the commands, so that `hemocam --help` stays quick and works without them.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from functools import wraps

import typer

from export.commands.compare import compare
from export.commands.engine import engine
from export.commands.evaluate import evaluate
from export.commands.half import half
from export.commands.int8 import int8
from export.commands.onnx import onnx_
from export.commands.publish import publish
from export.commands.run import run
from export.commands.seal import seal
from export.commands.train import train
from export.commands.tune import tune

app = typer.Typer(no_args_is_help=True)

INSTALL = 'export needs PyTorch and ONNX; install them with: pip install "hemocam[export]"'


def _with_extras(command: Callable[..., None]) -> Callable[..., None]:
    """`command`, which says what to install where its packages are missing; its `--help` works without them."""

    @wraps(command)
    def checked(*arguments: object, **options: object) -> None:
        missing = [name for name in ("torch", "onnx", "scipy") if importlib.util.find_spec(name) is None]
        if missing:
            raise typer.BadParameter(f"{', '.join(missing)} not installed: {INSTALL}")
        command(*arguments, **options)

    return checked


for command in (train, tune, evaluate, compare, onnx_, half, int8, engine, run, seal, publish):
    # A device builds its engine without PyTorch.
    app.command(command.__name__.rstrip("_"))(command if command is engine else _with_extras(command))
