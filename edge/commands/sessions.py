"""`hemocam sessions` and `hemocam report`: what was recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.commands.options import StoreFolder, escaped
from edge.config import default_store_folder
from edge.counting.cell import CellClass


def sessions(store: StoreFolder = None) -> None:
    """List the recorded sessions, the newest first."""
    from edge.record.store.reader import StoreReader

    table = Table(box=None)
    table.add_column("session (UTC)", no_wrap=True)
    table.add_column("state", no_wrap=True)
    for title in ("fields", *(kind.value.upper() for kind in CellClass)):
        table.add_column(title, no_wrap=True, justify="right")
    table.add_column("specimen, camera", min_width=16, overflow="fold")
    with StoreReader(store or default_store_folder()) as reader:
        for record in sorted(reader.sessions(), key=lambda one: one.id, reverse=True):
            totals = reader.session_totals(record.id)
            specimens = reader.specimens(record.id) or (record.specimen,)
            camera = "[bold yellow]SIMULATED[/]" if record.simulated else escaped(record.camera)
            whose = "; ".join(word for word in (*map(escaped, specimens), camera) if word)
            numbers = (str(totals.cells.get(kind.value, "–")) for kind in CellClass)
            table.add_row(record.id, record.state.value, str(totals.fields), *numbers, whose)
    Console().print(table)


def report(
    session: Annotated[str, typer.Argument(help="A session's name or its beginning; the last one if not given.")] = "",
    store: StoreFolder = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Where to write the HTML; SESSION.html if not given.")
    ] = None,
    csv_folder: Annotated[
        Path | None, typer.Option("--csv", help="Write fields.csv and cells.csv into this folder too.")
    ] = None,
) -> None:
    """Write a session's report: one HTML file with pictures, counts, charts and settings, and tables if asked for."""
    from edge.record.store.errors import file_errors
    from edge.record.store.reader import StoreReader
    from edge.reports.html import session_report
    from edge.reports.tables import write_cells, write_fields

    with StoreReader(store or default_store_folder()) as reader:
        record = reader.session(session) if session else reader.latest_session()
        target = output or Path(f"{record.id}{'-SIMULATED' if record.simulated else ''}.html")
        with file_errors(target):
            target.write_text(session_report(reader, record.id), encoding="utf-8")
        typer.echo(str(target))
        for name, write in (("fields.csv", write_fields), ("cells.csv", write_cells)) if csv_folder else ():
            path = csv_folder / name  # type: ignore[operator]  # the loop is empty without a folder
            with file_errors(path):
                path.parent.mkdir(parents=True, exist_ok=True)
                with path.open("w", newline="", encoding="utf-8") as stream:
                    write(reader, record.id, stream)
            typer.echo(str(path))
