"""`hemocam export tune`."""

from __future__ import annotations

from typing import Annotated

import typer

from export.commands import Data


def tune(
    model: Annotated[str, typer.Argument(help="A model that ships with HemoCam, or the folder of one.")],
    data: Data,
    corpora: Annotated[
        list[str] | None, typer.Option("--set", help="Only these sets; every one that has a `val` split if not given.")
    ] = None,
    simulated: Annotated[int, typer.Option(help="Number of simulated fields.", min=0)] = 40,
) -> None:
    """Find the decoding that counts best on `val`, by class and method, as lines for the model's manifest."""
    from rich.console import Console

    from edge.counting.counter import CountingSettings, FieldCounter
    from engines.opening import open_model
    from export.evaluate import questions
    from export.tuning import tune as best_choices

    opened = open_model(model)
    asked = [one for one in questions(data, simulated) if one.split == "val" and (not corpora or one.corpus in corpora)]
    console = Console(soft_wrap=True, highlight=False)
    with opened.engine:
        counter = FieldCounter(opened.engine, opened.manifest, CountingSettings())
        for choice in best_choices(asked, counter, opened.manifest.preparation.cell_diameter_px):
            shown = ", ".join(f"{corpus} {accuracy:.1f}" for corpus, accuracy in choice.by_corpus.items())
            console.print(f"{choice.kind.value} {choice.method.value}: {choice.accuracy:.1f} ({shown})")
            console.print(f"  {{method: {choice.method.value}, {choice.manifest()}}}", markup=False)
