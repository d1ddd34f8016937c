"""The walk of a frame: which files of ours are entered from a camera's opening to a session's end."""

from __future__ import annotations

import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from types import FrameType

import cv2
import typer

ROOT = Path(__file__).parents[2]
OURS = tuple(str(ROOT / name) for name in ("edge", "engines"))


def walk() -> None:
    """Log three rendered fields with every picture kept, and list the files that a call entered, by folder."""
    from edge.commands.assembly import SessionSettings, named_camera, session
    from edge.counting.counter import CountingSettings
    from edge.counting.logits import counts_of
    from edge.loop.settings import LoopSettings
    from edge.optics.gate import GateSettings
    from engines.succession import Succession
    from export.frames import rendered

    entered: set[str] = set()

    def note(frame: FrameType, event: str, _: object) -> None:
        if event == "call" and frame.f_code.co_name != "<module>" and frame.f_code.co_filename.startswith(OURS):
            entered.add(frame.f_code.co_filename)

    with TemporaryDirectory() as name:
        folder = Path(name)
        for index in range(3):
            cv2.imwrite(str(folder / f"{index}.png"), rendered(index)[0][..., ::-1])
        engines = Succession(counting=counts_of)
        opened = engines.first()
        loop = LoopSettings(True, opened.manifest.name, opened.engine.runtime)
        settings = SessionSettings(folder / "record", CountingSettings(), loop, GateSettings())
        made = session(lambda: named_camera(str(folder), None), engines, settings)
        threading.setprofile(note)
        sys.setprofile(note)
        try:
            made.run(lambda event: None)
        finally:
            sys.setprofile(None)
            threading.setprofile(None)  # type: ignore[arg-type]  # None takes it away
    folders: dict[str, list[str]] = {}
    for path in sorted(Path(one).relative_to(ROOT) for one in entered):
        folders.setdefault(str(path.parent), []).append(path.stem)
    for place, names in folders.items():
        typer.echo(f"{place} ({len(names)}): {', '.join(names)}")
    typer.echo(f"{len(entered)} files")
