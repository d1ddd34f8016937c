"""`hemocam live`: the screen beside the eyepiece."""

from __future__ import annotations

import logging
import shlex
import sys
from pathlib import Path
from typing import Annotated

import typer

from edge.cameras.camera import Camera
from edge.cameras.finding import found
from edge.commands.options import (
    FAULTS,
    Border,
    CellDiameter,
    ClassifierName,
    InsistOnScale,
    ModelName,
    RuntimeName,
    StoreFolder,
    UmPerPx,
    one_scale,
)
from edge.config import default_store_folder
from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import BorderRule
from edge.counting.logits import counts_of
from edge.plural import plural
from edge.session.events import Status
from engines.model_names import DEFAULT_MODEL, DEFAULT_TYPES
from engines.opening import Runtime


def live(
    camera: Annotated[
        str | None,
        typer.Argument(
            help="/dev/video0, a video or picture file, an address (rtsp://…), or `simulated`; offers those found if not given."
        ),
    ] = None,
    um_per_px: UmPerPx = None,
    cell_diameter_px: CellDiameter = None,
    insist_on_scale: InsistOnScale = False,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    border: Border = BorderRule.ALL,
    types: Annotated[
        bool, typer.Option("--types/--no-types", help="Name the kind of each white cell. Blasts are not recognised.")
    ] = True,
    classifier: ClassifierName = DEFAULT_TYPES,
    auto: Annotated[
        bool, typer.Option(help="Count every new field by itself, as always with pictures and video files.")
    ] = False,
    specimen: Annotated[str, typer.Option(help="Name of the specimen, for the record.")] = "",
    operator: Annotated[str, typer.Option(help="Who is at the microscope, for the record.")] = "",
    store: StoreFolder = None,
) -> None:
    """Count live, on a screen beside the eyepiece."""
    from edge.commands.assembly import LIVE_SCALE_FRAMES, SessionSettings, camera_at, must_be_there, named_camera, session
    from edge.commands.quiet_terminal import quiet_terminal
    from edge.counting.counter import CountingSettings
    from edge.loop.settings import LoopSettings
    from edge.optics.gate import GateSettings
    from edge.record.history import RecordedHistory
    from edge.session.events import Session
    from edge.session.run_state import GOOD_ENDS
    from edge.tui.app import HemoCamApp
    from edge.tui.setup import Setup
    from engines.succession import Succession

    one_scale(um_per_px, cell_diameter_px)
    if camera is not None:
        must_be_there(camera)
    if not (sys.stdin.isatty() and sys.stdout.isatty()):
        raise typer.BadParameter("live needs a terminal; for pictures there is `hemocam count`, unattended `hemocam log`")
    cameras = found()
    choices = [camera] if camera else [f"{info.name}  ({info.address})" for info in cameras]
    folder = store or default_store_folder()

    def open_session(setup: Setup) -> Session:
        if setup.um_per_px is not None and cell_diameter_px is not None:
            raise ScaleUnknown("--cell-diameter-px was given already: leave µm per pixel empty, or begin without that option")

        def open_camera() -> Camera:
            return named_camera(camera, setup.um_per_px) if camera else camera_at(cameras[setup.camera], setup.um_per_px)

        engines = Succession(model, runtime, counting=counts_of)
        opened, is_live = engines.first(), open_camera().info.live
        frames = LIVE_SCALE_FRAMES if is_live else 1
        counting = CountingSettings({}, border, cell_diameter_px, frames, insist_on_scale)
        name, notices = opened.manifest.name, opened.notices
        loop = LoopSettings(setup.auto or not is_live, name, opened.engine.runtime, notices=notices)
        plan = SessionSettings(
            folder, counting, loop, GateSettings(), specimen=setup.specimen, operator=setup.operator,
            um_per_px=setup.um_per_px, classifier=classifier if types else None,
        )  # fmt: skip
        return session(open_camera, engines, plan)

    logging.getLogger().addHandler(logging.NullHandler())  # the screen owns the terminal; it shows the notices itself
    first = Setup(specimen=specimen, operator=operator, um_per_px=um_per_px, auto=auto)
    with quiet_terminal():
        status = HemoCamApp(choices, open_session, open_errors=FAULTS, history=RecordedHistory(folder), setup=first).run()
    if status is not None and status.totals.fields:
        typer.echo(_counted(status, store))
    if status is not None and status.finish_reason not in GOOD_ENDS:
        raise typer.Exit(1)


def _counted(status: Status, store: Path | None) -> str:
    """What was counted, and how to see it."""
    cells = ", ".join(f"{number} {kind.plural}" for kind, number in status.totals.cells.items())
    where = "" if store is None else f" --store {shlex.quote(str(store))}"
    fields = plural(status.totals.fields, "field")
    return f"{status.totals.slide}: {fields}, {cells}. See it with: hemocam report {status.session_id}{where}"
