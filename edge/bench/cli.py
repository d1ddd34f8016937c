"""The measurements behind one word."""

from __future__ import annotations

import typer

from edge.bench.accuracy import accuracy
from edge.bench.doubt import doubt
from edge.bench.faults import faults
from edge.bench.fuzz import fuzz
from edge.bench.loop import loop
from edge.bench.scale import scale
from edge.bench.screen import screen
from edge.bench.soak import soak
from edge.bench.speed import speed

app = typer.Typer(no_args_is_help=True)
for measurement in (accuracy, doubt, scale, speed, loop, screen, soak, faults, fuzz):
    app.command()(measurement)
