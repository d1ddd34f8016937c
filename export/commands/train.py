"""`hemocam export train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands import Data


def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, as in export/recipes.")],
    data: Data,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/NAME if not given. A run goes on where it stopped.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads for PyTorch.", min=1)] = 1,
    fold: Annotated[int | None, typer.Option(help="Of a cross-validation this fold alone, from 1.", min=1)] = None,
    without: Annotated[
        str | None, typer.Option(help="Leave out this corpus of a counter's recipe: what an unknown microscope does to it.")
    ] = None,
) -> None:
    """Train a network by a recipe."""
    import logging

    from export.datasets.sample import DatasetError
    from export.training.field_recipe import FieldRecipe
    from export.training.recipe import RecipeError
    from export.training.recipes import load_recipe
    from export.training.training import train as train_by
    from export.zoo.architecture import ZooError

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        loaded = load_recipe(recipe)
        if loaded.init_from is not None and not loaded.init_from.is_file():
            raise RecipeError(f"{recipe}: init_from: there is no file {loaded.init_from}; train what it goes on from first")
        if without is not None:
            if not isinstance(loaded, FieldRecipe):
                raise RecipeError(f"{recipe}: --without is for the recipes of a counter, this one's task is {loaded.task}")
            loaded = loaded.without(without)
        typer.echo(str(train_by(loaded, data, run or Path("runs") / loaded.name, threads, fold)))
    except (DatasetError, RecipeError, ZooError) as error:
        raise typer.BadParameter(str(error)) from error
