"""`hemocam config`: what holds, whether it is right, and an example to begin from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from edge.config import ConfigError
from edge.config.errors import Problem
from edge.config.example import example as example_text
from edge.config.loading import load
from edge.config.origins import DEFAULT, settings_of, shown

app = typer.Typer(no_args_is_help=True)
File = Annotated[Path, typer.Option("--config", "-c", help="The YAML file.")]


@app.command()
def show(config: File) -> None:
    """Print every value that holds, and whether the file, the environment, a credential or nobody said so; secrets are ***."""
    typer.echo(shown(load(config)), nl=False)


@app.command()
def check(config: File) -> None:
    """Say all that is wrong with a configuration, with key, line, value, what is allowed and what was probably meant."""
    said = [one for one in settings_of(load(config)) if one.origin != DEFAULT]
    outside = sorted({one.origin for one in said if not one.origin.startswith("line ")})
    by = f", of which {', '.join(outside)} in place of the file" if outside else ""
    typer.echo(f"{config} is valid: {len(said)} values are given{by}, the others are defaults")


@app.command()
def example(
    out: Annotated[Path | None, typer.Option(help="Write it here, where nothing is yet; else it is printed.")] = None,
) -> None:
    """Print a configuration with every key, what it means and its default."""
    if out is None:
        typer.echo(example_text(), nl=False)
        return
    try:
        with out.open("x", encoding="utf-8") as file:
            file.write(example_text())
    except OSError as error:
        problem = Problem(what=f"cannot be written: {error.strerror}; name a file that is not there yet")
        raise ConfigError(out, (problem,)) from error
    typer.echo(f"written to {out}; check it with: hemocam config check --config {out}")
