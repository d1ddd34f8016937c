"""`hemocam export publish`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from export.commands import Data


def publish(
    recipe: Annotated[Path, typer.Argument(help="The recipe that was trained by.")],
    data: Data,
    models: Annotated[Path, typer.Option(help="Folder to write the model's folder into.")] = Path("engines/models"),
    weights: Annotated[Path | None, typer.Option(help="The weights; runs/NAME/weights.pt if not given.")] = None,
    card: Annotated[
        Path | None, typer.Option(help="YAML with the manifest's fixed parts; beside the recipe if not given.")
    ] = None,
) -> None:
    """Turn trained weights into a model folder: FP32 and int8 ONNX, manifest, hashes, accuracy measured on `val` and `test`."""
    from export.datasets.sample import DatasetError
    from export.publishing import PublishingError, publish_model
    from export.training.recipe import RecipeError, load_recipe

    try:
        loaded = load_recipe(recipe)
        source = weights or Path("runs") / loaded.name / "weights.pt"
        typer.echo(
            str(publish_model(loaded, recipe, source, card or recipe.with_suffix(".card.yaml"), data, models / loaded.name))
        )
    except (DatasetError, RecipeError, PublishingError) as error:
        raise typer.BadParameter(str(error)) from error
