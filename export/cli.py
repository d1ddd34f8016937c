"""`hemocam export`: from labelled fields to a model folder that the device opens."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

app = typer.Typer(no_args_is_help=True)

INSTALL = 'training needs PyTorch and ONNX; install them with: pip install "hemocam[export]"'
Data = Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")]


@app.callback()
def _needs_torch() -> None:
    """Heavy packages are imported by the commands, so that `hemocam --help` stays quick and works without them."""
    import importlib.util

    missing = [name for name in ("torch", "onnx", "scipy") if importlib.util.find_spec(name) is None]
    if missing:
        raise typer.BadParameter(f"{', '.join(missing)} not installed: {INSTALL}")


@app.command()
def train(
    recipe: Annotated[Path, typer.Argument(help="A recipe, as in export/recipes.")],
    data: Data,
    run: Annotated[
        Path | None, typer.Option(help="Folder of the run; runs/NAME if not given. A run goes on where it stopped.")
    ] = None,
    threads: Annotated[int, typer.Option(help="Threads for PyTorch.", min=1)] = 1,
) -> None:
    """Train a network by a recipe."""
    import logging

    from export.datasets.sample import DatasetError
    from export.training.fit import fit
    from export.training.recipe import RecipeError, load_recipe

    logging.basicConfig(level=logging.INFO, format="%(message)s")
    try:
        loaded = load_recipe(recipe)
        if loaded.init_from is not None and not loaded.init_from.is_file():
            raise RecipeError(f"{recipe}: init_from: there is no file {loaded.init_from}; train what it goes on from first")
        typer.echo(str(fit(loaded, data, run or Path("runs") / loaded.name, threads)))
    except (DatasetError, RecipeError) as error:
        raise typer.BadParameter(str(error)) from error


@app.command()
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


@app.command()
def tune(
    model: Annotated[str, typer.Argument(help="A model that ships with HemoCam, or the folder of one.")],
    data: Data,
    corpora: Annotated[
        list[str] | None, typer.Option("--set", help="Only these sets; every one that has a `val` split if not given.")
    ] = None,
    simulated: Annotated[int, typer.Option(help="Number of simulated fields.", min=0)] = 40,
) -> None:
    """Find the decoding that counts best on `val`, by class and method, as lines for the model's card."""
    from rich.console import Console

    from edge.counting.counter import CountingPlan, FieldCounter
    from engines.opening import open_model
    from export.evaluate import questions
    from export.tuning import tune as best_choices

    opened = open_model(model)
    asked = [one for one in questions(data, simulated) if one.split == "val" and (not corpora or one.corpus in corpora)]
    console = Console(soft_wrap=True, highlight=False)
    with opened.engine:
        counter = FieldCounter(opened.engine, opened.manifest, CountingPlan())
        for choice in best_choices(asked, counter, opened.manifest.preparation.cell_diameter_px):
            shown = ", ".join(f"{corpus} {accuracy:.1f}" for corpus, accuracy in choice.by_corpus.items())
            console.print(f"{choice.kind.value} {choice.method.value}: {choice.accuracy:.1f} ({shown})")
            console.print(f"  {{method: {choice.method.value}, {choice.card()}}}", markup=False)
