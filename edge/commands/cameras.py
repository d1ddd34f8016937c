"""`hemocam cameras`: what is plugged in."""

from __future__ import annotations

from rich.console import Console
from rich.table import Table

from edge.cameras.finding import found


def cameras() -> None:
    """List the cameras found on this machine."""
    table = Table("camera", "kind", "address", box=None)
    for info in found():
        table.add_row(info.name, info.kind, info.address)
    Console().print(table)
