"""`hemocam store`: whether the record is in order, and copies of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from edge.config import default_store_folder
from edge.record.repair.findings import Finding
from edge.record.repair.store_backup import PictureBackup
from edge.reports.export import TableFormat

app = typer.Typer(no_args_is_help=True)

StoreFolder = Annotated[Path | None, typer.Option(help="Folder of the record; the user's data folder if not given.")]
MOST_SHOWN = 200


@app.command()
def check(
    store: StoreFolder = None,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a finding on standard output.")] = False,
) -> None:
    """Look at every page, number and picture, also while others write. The exit code is 1 if something is wrong."""
    from edge.record.repair.checking import check as check_store

    folder = store or default_store_folder()
    found = check_store(folder)
    if as_json:
        for each in found:
            said = {"kind": each.kind.value, "where": each.where, "text": each.text, "harmless": each.harmless}
            typer.echo(json.dumps(said, ensure_ascii=False))
    else:
        _show(found, f"{folder} is in order", "tidy up with: hemocam store repair", "mend it with: hemocam store repair")
    if not all(each.harmless for each in found):
        raise typer.Exit(1)


@app.command()
def repair(store: StoreFolder = None) -> None:
    """Mend what `check` finds; what is taken out of the record is kept beside it. Nobody else may be writing.

    The exit code is 1 if something is still wrong.
    """
    from edge.record.repair.repairing import repair as repair_store

    folder = store or default_store_folder()
    console = Console(highlight=False, soft_wrap=True)
    left = repair_store(folder, lambda line: console.print(line, markup=False))
    _show(left, f"{folder} is in order", "", "this is left; restore a backup if you have one")
    if not all(each.harmless for each in left):
        raise typer.Exit(1)


@app.command()
def backup(
    into: Annotated[
        Path, typer.Argument(help="Folder, best on another disk, in which hemocam-TIME is made.", metavar="FOLDER")
    ],
    store: StoreFolder = None,
    pictures: Annotated[
        PictureBackup, typer.Option(help="Copy the pictures, link them (same disk only), or leave them out.")
    ] = PictureBackup.COPY,
) -> None:
    """Copy the record, also while it is written. The copy is a record itself: name it with --store."""
    from edge.record.repair.store_backup import back_up

    typer.echo(str(back_up(store or default_store_folder(), into, pictures)))


@app.command()
def export(
    into: Annotated[Path, typer.Argument(help="Folder for sessions, fields, cells, notes and events.", metavar="FOLDER")],
    session: Annotated[list[str] | None, typer.Option(help="A session's name or its beginning; all if not given.")] = None,
    store: StoreFolder = None,
    table_format: Annotated[
        TableFormat, typer.Option("--format", help="Parquet keeps types and outlines; it needs the extra `parquet`.")
    ] = TableFormat.CSV,
    including_undone: Annotated[
        bool, typer.Option("--including-undone", help="Also fields that were undone; their column `undone` has a time.")
    ] = False,
) -> None:
    """Write the record as tables for other programs."""
    from edge.record.store.reader import StoreReader
    from edge.reports.export import export as export_tables

    with StoreReader(store or default_store_folder()) as reader:
        chosen = session or [each.id for each in reader.sessions()[::-1]]
        for path in export_tables(reader, chosen, into, table_format, including_undone):
            typer.echo(str(path))


def _show(found: list[Finding], fine: str, harmless: str, wrong: str) -> None:
    console = Console(highlight=False, soft_wrap=True)
    for each in found[:MOST_SHOWN]:
        console.print(f"{each.kind.value}: {each.where}: {each.text}", markup=False)
    if len(found) > MOST_SHOWN:
        console.print(f"… and {len(found) - MOST_SHOWN} more (all of them: --json)", markup=False)
    if not found:
        console.print(fine, markup=False)
    elif advice := harmless if all(each.harmless for each in found) else wrong:
        console.print(advice, markup=False)
