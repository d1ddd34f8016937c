"""`hemocam bench loop`: what everything around the model costs, with and without the screen."""

from __future__ import annotations

import json
import os
import pty
import struct
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from fcntl import ioctl
from pathlib import Path
from select import select
from termios import TIOCSWINSZ
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName
from edge.bench.played.measured import Figures
from engines.model_names import DEFAULT_MODEL
from engines.opening import Runtime

COLUMNS, LINES = 160, 48
RESTS = 10
"""Frames that a field stays in view: a third of a second, and a hurried person."""


def loop(
    data: Annotated[Path, typer.Option(help="Folder of the labelled sets, laid out as README says.")] = Path("../shared/data"),
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
    fields: Annotated[int, typer.Option(help="Most fields that are played in each of the three sessions.", min=12)] = 45,
    rounds: Annotated[int, typer.Option(help="How often each session is measured; the middle one is shown.", min=1)] = 3,
) -> None:
    """Play real 640x480 fields (Chula, `val`) as a camera: time of the whole loop over the bare run of the model.

    Each field rests for 10 frames, with a sensor's noise, then the next comes: headless, and with the screen in a terminal of
    160x48. Then every frame is a new field, which is recorded with its picture. In these three every frame is inferred; in the
    fourth the engine rests while the stage does, as in a session.
    """
    from export.datasets import chula
    from export.datasets.sample import DatasetError

    try:
        samples = chula.read(data / "chula")
    except DatasetError as error:
        raise typer.BadParameter(str(error)) from error
    pictures = [sample.path for sample in samples if sample.split == "val"][:fields]
    sittings = {
        "resting, headless": (RESTS, False, False),
        "resting, with the screen": (RESTS, True, False),
        "each frame new and recorded": (1, False, False),
        "resting, and the engine too": (RESTS, False, True),
    }
    found: dict[str, list[Figures]] = {name: [] for name in sittings}
    for _ in range(rounds):  # one after the other, so that a busy moment of the machine falls on all
        for name, played in sittings.items():
            found[name].append(_played(pictures, *played, model, runtime))
    middle = {name: sorted(figures, key=lambda one: one.ratio)[len(figures) // 2] for name, figures in found.items()}
    resting = middle.pop("resting, and the engine too")
    table = Table("ms", "bare run", "in the loop", "frame", "frame / bare", "mean", "CPU bare", "CPU frame", "frames", box=None)
    for name, one in middle.items():
        numbers = (one.bare_ms, one.run_ms, one.frame_ms, one.ratio, one.mean_ms, one.bare_cpu_ms, one.cpu_ms)
        table.add_row(name, *(f"{number:.2f}" for number in numbers), str(one.frames))
    console = Console()
    console.print(table)
    for name, one in middle.items():
        console.print(f"{name}: " + ", ".join(f"{number} {state}" for state, number in one.ends.items()))
    quiet, screen = (middle[name].ratio for name in list(sittings)[:2])
    console.print(f"whole loop / bare run: {quiet:.2f}; with the screen / headless: {screen / quiet:.2f}")
    always = middle["resting, headless"]
    cpu_ms = [one.cpu_ms * one.inferred_share for one in (always, resting)]
    console.print(
        f"resting, and the engine too: {resting.inferred_share:.0%} of the frames inferred, "
        f"{cpu_ms[1]:.1f} ms of processor time a frame instead of {cpu_ms[0]:.1f}"
    )


def _played(pictures: Sequence[Path], rests: int, terminal: bool, engine_rests: bool, model: str, runtime: Runtime) -> Figures:
    """One session in a process of its own, in a terminal that nobody looks at."""
    question = {
        "pictures": [str(path) for path in pictures], "rests": rests, "terminal": terminal, "model": model,
        "engine_rests": engine_rests, "runtime": runtime.value,
    }  # fmt: skip
    with tempfile.TemporaryDirectory(prefix="hemocam-bench-") as folder:
        answer = Path(folder) / "figures.json"
        command = [sys.executable, "-m", "edge.bench.played.measured", json.dumps(question), str(answer)]
        said = _in_terminal(command)
        if not answer.is_file():
            raise typer.BadParameter(f"the measured session failed: {said[-2000:]}")
        return Figures(**json.loads(answer.read_text(encoding="utf-8")))


def _in_terminal(command: Sequence[str]) -> str:
    """Run a command in a pseudo-terminal; gives the last that it said there."""
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", LINES, COLUMNS, 0, 0))
    environment = os.environ | {"TERM": "xterm-256color", "COLORTERM": "truecolor"}
    process = subprocess.Popen(
        command, stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True, close_fds=True, env=environment
    )
    os.close(theirs)
    said = b""
    try:
        while True:
            ready, _, _ = select([ours], [], [], 0.5)
            if ready:
                try:
                    said = (said + os.read(ours, 1 << 16))[-8000:]
                except OSError:  # EIO: the other end is closed
                    break
            elif process.poll() is not None:
                break
        process.wait()
    finally:
        process.kill()
        os.close(ours)
    return said.decode("utf-8", "replace")
