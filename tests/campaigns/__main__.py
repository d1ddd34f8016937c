"""`python -m tests.campaigns`: long runs that ship to nobody."""

from __future__ import annotations

import typer

from tests.campaigns.faults import faults
from tests.campaigns.fuzz import fuzz
from tests.campaigns.recipes import recipes
from tests.campaigns.soak import soak
from tests.campaigns.walk import walk

app = typer.Typer(no_args_is_help=True, help="Long runs: everything that can fail made to fail, hours of use, hostile input.")
for campaign in (faults, fuzz, soak, recipes, walk):
    app.command()(campaign)

if __name__ == "__main__":
    app()
