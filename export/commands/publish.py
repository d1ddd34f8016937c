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
    """Turn a trained counter or classifier into a model folder: ONNX files, manifest, hashes, accuracy on `val` and `test`."""
    from export.classifier_publishing import publish_classifier
    from export.datasets.sample import DatasetError
    from export.publishing import publish_model
    from export.publishing_error import PublishingError
    from export.training.field_recipe import FieldRecipe
    from export.training.recipe import RecipeError
    from export.training.recipes import ClassificationRecipe
    from export.training.run_folder import RunFolder

    folder = RunFolder(run)
    try:
        recipe = folder.read()
        fixed, into = manifest or RECIPES / f"{recipe.name}.manifest.yaml", models / recipe.name
        if isinstance(recipe, FieldRecipe):
            typer.echo(str(publish_model(recipe, folder.weights, fixed, data, into)))
        elif isinstance(recipe, ClassificationRecipe):
            typer.echo(str(publish_classifier(recipe, folder.weights, fixed, data, into)))
        else:
            raise PublishingError(f"{run} is no run of a counter or classifier ({recipe.task}); hemocam export run takes it")
    except (DatasetError, RecipeError, PublishingError) as error:
        raise typer.BadParameter(str(error)) from error
