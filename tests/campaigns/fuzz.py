"""`python -m tests.campaigns fuzz`: what damaged and hostile files do to HemoCam."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table


def fuzz(
    inputs: Annotated[int, typer.Option(help="How many inputs, over all targets.", min=1)] = 20_000,
    seed: Annotated[int, typer.Option(help="The same seed gives the same inputs.")] = 1,
    target: Annotated[
        list[str] | None, typer.Option(help="config, manifest, onnx, images or store; may be given several times. All if not.")
    ] = None,
    timeout_s: Annotated[float, typer.Option(help="Seconds after which an input counts as a hang.", min=0.1)] = 20.0,
    findings: Annotated[Path, typer.Option(help="Folder for inputs that show a fault, each with what happened.")] = Path(
        "fuzz-findings"
    ),
    again: Annotated[
        Path | None,
        typer.Option(help="Try this finding's input (.bin) once more, and nothing else.", exists=True, dir_okay=False),
    ] = None,
) -> None:
    """Try damaged and hostile configurations, manifests, ONNX files, pictures and records. The exit code is 1 at any finding:
    a traceback, a hang, a crash, or a refusal that does not say what is wrong with which file."""
    from tests.campaigns.fuzzing.campaign import campaign
    from tests.campaigns.fuzzing.findings import keep
    from tests.campaigns.fuzzing.inputs import TARGETS, kept, shares
    from tests.campaigns.fuzzing.outcome import Outcome
    from tests.campaigns.fuzzing.target import Target

    chosen: list[Target] = [each for each in TARGETS if target is None or each.name in target]
    if target and len(chosen) != len(set(target)):
        raise typer.BadParameter(f"targets are {', '.join(each.name for each in TARGETS)}")
    if again is not None:
        try:
            chosen, inputs = [kept(again)], 1
        except KeyError as error:
            raise typer.BadParameter(f"{again.name} is not named for a target, as TARGET-….bin") from error
    table = Table(box=None, title=f"seed {seed}, at most {timeout_s:g} s an input")
    for name in ("target", "inputs", *(each.value for each in Outcome), "slowest ms", "inputs/s"):
        table.add_column(name, justify="left" if name == "target" else "right")
    found = 0
    files: list[Path] = []
    with Progress(console=Console(stderr=True), transient=True) as progress:
        for each, number in zip(chosen, shares(inputs, chosen).values(), strict=True):
            bar = progress.add_task(each.name, total=number)
            figures = campaign(each, number, seed, timeout_s, lambda bar=bar: progress.advance(bar))  # type: ignore[misc]
            counts = (str(figures.outcomes[one]) for one in Outcome)
            rate = figures.inputs / figures.took_s
            table.add_row(each.name, str(figures.inputs), *counts, f"{1000 * figures.slowest_s:.0f}", f"{rate:.0f}")
            files += keep(figures, findings)
            found += figures.findings
    Console().print(table)
    for path in files:
        typer.echo(f"see {path}", err=True)
    if found:
        raise typer.Exit(1)
