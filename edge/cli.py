"""The command `hemocam`."""

from __future__ import annotations

import logging
import os
import sys
from importlib.metadata import version
from typing import Annotated

import typer

from edge.bench.cli import app as bench_app
from edge.commands.cameras import cameras
from edge.commands.config import app as config_app
from edge.commands.count import count
from edge.commands.engines import app as engines_app
from edge.commands.live import live
from edge.commands.log import log
from edge.commands.options import FAULTS, show_fault
from edge.commands.service import doctor, install_service
from edge.commands.sessions import report, sessions
from edge.commands.store import app as store_app

app = typer.Typer(
    name="hemocam", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich",
    help="Count red cells, white cells and platelets in stained blood smears: live at the microscope, or in pictures. "
    "For research; not a diagnostic device.",
)  # fmt: skip
for command in (live, log, count, cameras, sessions, report, doctor, install_service):
    app.command()(command)
app.add_typer(store_app, name="store", help="Check, repair, back up and export the record.")
app.add_typer(config_app, name="config", help="What `hemocam log` is told: show, check, example.")
app.add_typer(engines_app, name="engines", help="What computes on this machine, whether it counts rightly, and how fast.")
app.add_typer(bench_app, name="bench", help="Measure how well, how fast and how dependably this machine counts.")


@app.command(
    add_help_option=False, context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []}
)
def export(context: typer.Context) -> None:
    """Train networks and turn them into models that the device runs."""
    # A counter never needs what this imports.
    from export.cli import app as export_app  # noqa: PLC0415

    export_app(context.args, prog_name="hemocam export")


def main() -> None:
    """Run the command; what a user can mend is one line on standard error and exit code 2."""
    # FFmpeg, OpenCV and Pillow would write to the terminal themselves; what matters of it is raised as an error anyway.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    logging.captureWarnings(True)
    try:
        app()
    except FAULTS as error:
        show_fault(error)
        sys.exit(2)
    except BrokenPipeError:
        # A reader such as `head` has seen enough. Standard output is closed already: keep Python from flushing it again.
        sys.stderr.close()
        sys.exit(0)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"hemocam {version('hemocam')}")
        raise typer.Exit


@app.callback()
def _root(
    show: Annotated[
        bool, typer.Option("--version", help="Print the version and leave.", callback=_show_version, is_eager=True)
    ] = False,
) -> None:
    pass
