"""`hemocam export publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands import Data

RECIPES = Path(__file__).parents[1] / "recipes"


def publish(
    run: Annotated[Path, typer.Argument(help="The folder that `hemocam export train` made.")],
    data: Data,
    models: Annotated[Path, typer.Option(help="Folder to write the model's folder into.")] = Path("engines/models"),
    manifest: Annotated[
        Path | None, typer.Option(help="YAML with the manifest's fixed parts; export/recipes/NAME.manifest.yaml if not given.")
    ] = None,
) -> None:
    """Turn a trained counter into a model folder: ONNX files, manifest, hashes, accuracy measured on `val` and `test`."""
    from export.datasets.sample import DatasetError
    from export.publishing import PublishingError, publish_model
    from export.training.field_recipe import FieldRecipe
    from export.training.recipe import RecipeError
    from export.training.run_folder import RunFolder

    folder = RunFolder(run)
    try:
        recipe = folder.read()
        if not isinstance(recipe, FieldRecipe):
            raise PublishingError(f"{run} is no run of a counter (task: {recipe.task}); hemocam export run takes it")
        fixed = manifest or RECIPES / f"{recipe.name}.manifest.yaml"
        typer.echo(str(publish_model(recipe, folder.weights, fixed, data, models / recipe.name)))
    except (DatasetError, RecipeError, PublishingError) as error:
        raise typer.BadParameter(str(error)) from error
