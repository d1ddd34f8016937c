"""The measurements behind one word."""

from __future__ import annotations

import typer

from edge.bench.accuracy import accuracy
from edge.bench.doubt import doubt
from edge.bench.loop import loop
from edge.bench.scale import scale
from edge.bench.screen import screen
from edge.bench.speed import speed
from edge.bench.types import types

app = typer.Typer(no_args_is_help=True)
for measurement in (accuracy, types, doubt, scale, speed, loop, screen):
    app.command()(measurement)
