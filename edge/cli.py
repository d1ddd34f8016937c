"""The command `hemocam`."""

from __future__ import annotations

import logging
import os
import signal
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from edge.bench import app as bench_app
from edge.cameras.camera import CameraError, FrameUnreadable
from edge.cameras.finding import found
from edge.cameras.images import expand
from edge.config import ConfigError, default_store_folder, load_config
from edge.counting.cells import CellClass, Method
from edge.counting.errors import CountingError
from edge.counting.field_count import BorderRule
from edge.counting.logits import counts_of
from edge.engines_cli import app as engines_app
from edge.log_lines import configure_logging
from edge.storage.errors import StoreError
from engines.contract import EngineError
from engines.opening import DEFAULT_MODEL, Runtime, open_model
from export.cli import app as export_app

log = logging.getLogger(__name__)

app = typer.Typer(
    name="hemocam", no_args_is_help=True, pretty_exceptions_enable=False, rich_markup_mode="rich",
    help="Count red cells, white cells and platelets in stained blood smears: live at the microscope, or in pictures. "
    "For research; not a diagnostic device.",
)  # fmt: skip
app.add_typer(bench_app, name="bench", help="Measure how well and how fast this machine counts.")
app.add_typer(engines_app, name="engines", help="What computes on this machine, whether it counts rightly, and how fast.")
app.add_typer(export_app, name="export", help="Train networks and turn them into models that the device runs.")

Paths = Annotated[
    list[str], typer.Argument(help="Pictures (JPEG, PNG, BMP, TIFF), folders of them, or globs.", metavar="PATH...")
]
UmPerPx = Annotated[float | None, typer.Option(help="Micrometres per pixel, from a stage micrometer.", min=0.001, max=50.0)]
CellDiameter = Annotated[
    float | None, typer.Option(help="Diameter of a red cell in pixels; estimated if not given.", min=4.0, max=2000.0)
]
ModelName = Annotated[str, typer.Option(help="A model that ships with HemoCam, or the folder of one.")]
RuntimeName = Annotated[Runtime, typer.Option(help="What computes: cpu takes the model's default file.")]
MethodName = Annotated[Method | None, typer.Option(help="How cells are told apart; the model's own choice if not given.")]
Border = Annotated[BorderRule, typer.Option(help="Which cells at the picture's border count.")]
StoreFolder = Annotated[Path | None, typer.Option(help="Folder of the record; the user's data folder if not given.")]

FAULTS = (CameraError, ConfigError, CountingError, EngineError, StoreError)


def main() -> None:
    """Run the command; what a user can mend is one line on standard error and exit code 2."""
    # FFmpeg, OpenCV and Pillow would write to the terminal themselves; what matters of it is raised as an error anyway.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    logging.captureWarnings(True)
    try:
        app()
    except FAULTS as error:
        Console(stderr=True, highlight=False, soft_wrap=True).print(f"[bold red]hemocam:[/] {_escaped(error)}")
        sys.exit(2)
    except BrokenPipeError:
        # A reader such as `head` has seen enough. Standard output is closed already: keep Python from flushing it again.
        sys.stderr.close()
        sys.exit(0)


def _escaped(text: object) -> str:
    return str(text).replace("[", "\\[")


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


@app.command()
def count(
    paths: Paths,
    um_per_px: UmPerPx = None,
    cell_diameter_px: CellDiameter = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    method: MethodName = None,
    border: Border = BorderRule.ALL,
    as_json: Annotated[
        bool, typer.Option("--json", help="One JSON object a picture on standard output, nothing else.")
    ] = False,
    csv_file: Annotated[Path | None, typer.Option("--csv", help="Write a table of the counts here.")] = None,
    overlay: Annotated[
        Path | None, typer.Option(help="Write pictures with the counted cells drawn on them into this folder.")
    ] = None,
) -> None:
    """Count the cells in pictures. The exit code is 1 if one of them could not be counted."""
    from edge.counting.counter import CountingPlan, FieldCounter
    from edge.counting_output import CsvOutput, JsonOutput, OverlayOutput, TableOutput
    from edge.optics.gate import Gate, GateSettings
    from edge.stills import count_still
    from engines.contract import InferenceFailed

    if um_per_px is not None and cell_diameter_px is not None:
        raise typer.BadParameter("give --um-per-px or --cell-diameter-px, not both")
    console, errors = Console(), Console(stderr=True, highlight=False, soft_wrap=True)
    files = expand(paths)
    opened = open_model(
        model, runtime, counting=counts_of, tell=lambda text: errors.print(f"[yellow]note:[/] {_escaped(text)}")
    )
    plan = CountingPlan(dict.fromkeys(CellClass, method) if method else {}, border, cell_diameter_px)
    gate, counter = Gate(GateSettings()), FieldCounter(opened.engine, opened.manifest, plan)
    failed = 0
    with opened.engine, _progress(errors, len(files)) as progress:
        outputs = [
            JsonOutput(sys.stdout, opened) if as_json else TableOutput(console),
            *([CsvOutput(csv_file)] if csv_file else []), *([OverlayOutput(overlay)] if overlay else []),
        ]  # fmt: skip
        bar = progress.add_task("counting", total=len(files))
        for path in files:
            try:
                still = count_still(path, gate, counter, um_per_px)
            except (FrameUnreadable, CountingError, InferenceFailed) as error:
                failed += 1
                reason = str(error)
                errors.print(f"[bold red]not counted:[/] {_escaped(reason if str(path) in reason else f'{path}: {reason}')}")
                progress.advance(bar)
                continue
            if still.count is None:
                failed += 1
                errors.print(f"[bold red]not counted:[/] {_escaped(path)}: {_escaped(getattr(still.verdict, 'advice', ''))}")
            for output in outputs:
                output.add(still)
            progress.advance(bar)
    for output in outputs:
        output.close()
    if failed:
        errors.print(f"{failed} of {len(files)} pictures could not be counted")
        raise typer.Exit(1)


def _progress(console: Console, total: int) -> Progress:
    """A bar on standard error, so that standard output holds results alone; none for a picture or two."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=console, transient=True, disable=total < 3 or not console.is_terminal)


@app.command()
def live(
    camera: Annotated[
        str | None,
        typer.Argument(
            help="/dev/video0, a video or picture file, an address (rtsp://…), or `simulated`; offers those found if not given."
        ),
    ] = None,
    um_per_px: UmPerPx = None,
    cell_diameter_px: CellDiameter = None,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    border: Border = BorderRule.ALL,
    auto: Annotated[
        bool, typer.Option(help="Count every new field by itself, as always with pictures and video files.")
    ] = False,
    specimen: Annotated[str, typer.Option(help="Name of the specimen, for the record.")] = "",
    store: StoreFolder = None,
) -> None:
    """Count live, on a screen beside the eyepiece."""
    from edge.assembly import LIVE_SCALE_FRAMES, SessionPlan, camera_at, named_camera, session
    from edge.counting.counter import CountingPlan
    from edge.loop import LoopPlan
    from edge.optics.gate import GateSettings
    from edge.session import FinishReason, Session
    from edge.tui.app import HemoCamApp

    if um_per_px is not None and cell_diameter_px is not None:
        raise typer.BadParameter("give --um-per-px or --cell-diameter-px, not both")
    cameras = found()
    choices = [camera] if camera else [f"{info.name}  ({info.address})" for info in cameras]

    def open_session(index: int) -> Session:
        chosen = named_camera(camera, um_per_px) if camera else camera_at(cameras[index], um_per_px)
        opened = open_model(model, runtime, counting=counts_of)
        frames = LIVE_SCALE_FRAMES if chosen.info.live else 1
        name, notices = opened.manifest.name, opened.notices
        loop = LoopPlan(auto or not chosen.info.live, name, opened.engine.runtime, notices=notices)
        counting = CountingPlan({}, border, cell_diameter_px, live_frames=frames)
        folder = store or default_store_folder()
        plan = SessionPlan(folder, counting, loop, GateSettings(), specimen=specimen, um_per_px=um_per_px)
        return session(chosen, opened, plan)

    logging.getLogger().addHandler(logging.NullHandler())  # the screen owns the terminal; it shows the notices itself
    status = HemoCamApp(choices, open_session, open_errors=FAULTS).run()
    if status is not None and status.totals.fields:
        cells = ", ".join(f"{number} {kind.plural}" for kind, number in status.totals.cells.items())
        typer.echo(
            f"{status.totals.slide}: {status.totals.fields} fields, {cells}. See it with: hemocam report {status.session_id}"
        )
    if status is not None and status.finish_reason in (
        FinishReason.CAMERA_LOST,
        FinishReason.STORE_FAILED,
        FinishReason.FAILED,
    ):
        raise typer.Exit(1)


@app.command("log")
def log_fields(
    config: Annotated[Path, typer.Option("--config", "-c", help="The YAML file; see systemd/hemocam.yaml for an example.")],
) -> None:
    """Count without a screen and record every field, until the end of the frames or a signal."""
    from edge.assembly import camera_for, session, session_plan
    from edge.log_subscriber import LogSubscriber
    from edge.session import FinishReason, Request

    settings = load_config(config)
    configure_logging(settings.log.level, settings.log.format)
    # Told at once, for a build takes minutes; the session says it again, as its own.
    opened = open_model(
        settings.model.name, settings.model.runtime, settings.model.threads, counting=counts_of, tell=log.info
    )  # fmt: skip
    loop = session(camera_for(settings), opened, session_plan(settings, opened))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: loop.request(Request.STOP))
    reason = loop.run(LogSubscriber())
    if reason in (FinishReason.CAMERA_LOST, FinishReason.STORE_FAILED, FinishReason.FAILED):
        raise typer.Exit(1)


@app.command()
def cameras() -> None:
    """List the cameras found on this machine."""
    table = Table("camera", "kind", "address", box=None)
    for info in found():
        table.add_row(info.name, info.kind, info.address)
    Console().print(table)


@app.command()
def sessions(store: StoreFolder = None) -> None:
    """List the recorded sessions, the newest first."""
    from edge.storage.reader import StoreReader

    table = Table(box=None)
    for title in ("session (UTC)", "state", "fields", *(kind.value.upper() for kind in CellClass)):
        table.add_column(title, no_wrap=True)
    for title in ("camera", "specimen"):
        table.add_column(title, overflow="fold")
    with StoreReader(store or default_store_folder()) as reader:
        for record in sorted(reader.sessions(), key=lambda one: one.id, reverse=True):
            totals = reader.session_totals(record.id)
            camera = f"[bold yellow]SIMULATED[/] {record.camera}" if record.simulated else _escaped(record.camera)
            numbers = (str(totals.cells.get(kind.value, "–")) for kind in CellClass)
            table.add_row(record.id, record.state.value, str(totals.fields), *numbers, camera, _escaped(record.specimen))
    Console().print(table)


@app.command()
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
    from edge.reports.html import session_report
    from edge.reports.tables import write_cells, write_fields
    from edge.storage.errors import file_errors
    from edge.storage.reader import StoreReader

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
