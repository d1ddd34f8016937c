"""Everything that can fail made to fail, at random moments, and what became of the record."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import track
from rich.table import Table

from tests.campaigns.faulty.inside import can_fill_a_disk, inside
from tests.campaigns.faulty.outcome import Round, Tally, tally
from tests.campaigns.faulty.outside import killed, terminated
from tests.campaigns.faulty.switchboard import Fault


def one_round(fault: Fault, seed: int) -> Round:
    """One round of one fault; the same `seed` gives the same orders, though not the same microseconds."""
    match fault:
        case Fault.KILLED:
            return killed(seed)
        case Fault.TERMINATED:
            return terminated(seed)
        case _:
            return inside(fault, seed)


def faults(
    rounds: Annotated[int, typer.Option(help="Rounds of each fault.", min=1)] = 18,
    only: Annotated[list[Fault] | None, typer.Option(help="Only this fault; may be given several times.")] = None,
    seed: Annotated[int, typer.Option(help="Of the random moments.", min=0)] = 1,
) -> None:
    """Make camera, engine, disk, clock and the process itself fail; fails where anything recorded is lost or wrong."""
    logging.getLogger().addHandler(logging.NullHandler())  # the faults are told by hundreds; here only their outcome matters
    wanted = list(only or Fault)
    console, errors = Console(), Console(stderr=True, highlight=False)
    if Fault.DISK_FULL in wanted and not can_fill_a_disk():
        errors.print("disk full: not run, as this user may not mount a small disk (root may)")
        wanted.remove(Fault.DISK_FULL)
    tallies = list[Tally]()
    for fault in wanted:
        numbers = track(range(rounds), fault.value, console=errors, disable=not errors.is_terminal)
        found = [one_round(fault, seed * 10_007 + number) for number in numbers]
        for number, each in enumerate(found):
            if each.why:
                errors.print(f"{fault.value}, round {number}: {each.why}", markup=False)
        tallies.append(tally(found))
        errors.print(f"{fault.value}: {tallies[-1].recovered} of {rounds} recovered")
    console.print(table(tallies))
    if not all(each.passed for each in tallies):
        raise typer.Exit(1)


def table(tallies: Sequence[Tally]) -> Table:
    """A row a fault; `lost` are committed fields. For SIGTERM the time is until the process ended."""
    shown = Table(box=None)
    shown.add_column("fault", no_wrap=True)
    for name in ("rounds", "recovered", "median s", "worst s", "lost", "corrupt", "wrong ledgers"):
        shown.add_column(name, justify="right")
    for each in tallies:
        times = f"{each.median_s:.2f}", f"{each.worst_s:.2f}"
        wrong = str(each.lost), str(each.corrupt), str(each.mismatches)
        shown.add_row(each.fault.value, str(each.rounds), str(each.recovered), *times, *wrong)
    return shown
