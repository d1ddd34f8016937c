"""`hemocam log`: unattended."""

from __future__ import annotations

import logging
import signal
from pathlib import Path
from typing import Annotated

import typer

from edge.cameras.camera import CameraError
from edge.commands.log_lines import configure_logging
from edge.commands.options import show_fault
from edge.config import load_config
from edge.counting.logits import counts_of
from edge.record.store.errors import StoreError
from engines.contract import EngineError

logger = logging.getLogger(__name__)


def log(
    config: Annotated[Path, typer.Option("--config", "-c", help="The YAML file; `hemocam config example` writes one.")],
) -> None:
    """Count without a screen and record every field, until the end of the frames or a signal."""
    from edge.commands.assembly import camera_for, session, session_settings
    from edge.commands.log_subscriber import LogSubscriber
    from edge.service.supervised import Supervised
    from edge.session.run_state import GOOD_ENDS
    from edge.session.wishes import Request
    from engines.succession import Succession

    settings = load_config(config)
    configure_logging(settings.log.level, settings.log.format)
    model = settings.model
    with Supervised.from_environment() as service:
        # Told at once, for a build takes minutes; the session says it again, as its own.
        engines = Succession(model.name, model.runtime, model.threads, counting=counts_of, tell=logger.info)
        try:
            plan = session_settings(settings, engines.first())
            loop = session(lambda: camera_for(settings), engines, plan)
        except (CameraError, EngineError, StoreError) as error:
            # Not 2, on which the service is not started again: a driver or a disk may be there in a minute.
            show_fault(error)
            raise typer.Exit(1) from error
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: loop.request(Request.STOP))
        late_s = model.deadline_s + settings.camera.read_timeout_s + 30.0
        reason = loop.run(service.watching(loop, LogSubscriber(), frames_s=late_s))
    if reason not in GOOD_ENDS:
        raise typer.Exit(1)
