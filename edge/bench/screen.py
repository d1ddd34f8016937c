"""What the live screen costs: processor time a second, in a terminal of its own, however many frames come in."""

from __future__ import annotations

import fcntl
import json
import os
import pty
import struct
import sys
import tempfile
import termios
import threading
from dataclasses import replace
from itertools import count
from math import cos, pi, sin
from pathlib import Path
from time import monotonic, process_time, sleep, thread_time
from typing import Annotated

import cv2
import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from edge.counting.cell import Cell, CellClass, Method
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.frame import Frame
from edge.optics.verdict import Accepted, Quality
from edge.session.events import FieldSeen, Status, Subscriber
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import RunState
from edge.session.wishes import Wish
from edge.slide.totals import SlideTotals

_SETTLE_S = 2.5
_FIELDS, _REST_FRAMES = 8, 10
_SCALE = Scale(44.0, 0.05, ScaleSource.ESTIMATED)
_METHODS = {CellClass.RBC: Method.CENTRES}
_STATUS = Status(
    "bench", RunState.STREAMING, "played", False, "none", "none", SlideTotals("slide"), Ledger(), _METHODS, True
)  # fmt: skip


def screen(
    seconds: Annotated[float, typer.Option(help="How long each terminal is measured.", min=1.0)] = 6.0,
    rates: Annotated[list[float], typer.Option("--rate", help="Frames a second that come in.")] = [15.0, 200.0],  # noqa: B006  # typer copies
) -> None:
    """Measure the live screen's processor time a second, at 80x24 and 160x48: each field rests ten frames, then changes."""
    table = Table("terminal", "frames/s in", "share of a core", "of it the player's", "kB/s to the terminal", box=None)
    for columns, rows in ((80, 24), (160, 48)):
        for rate in rates:
            cost, player, kilobytes = _in_terminal(columns, rows, rate, seconds)
            table.add_row(f"{columns}x{rows}", f"{rate:g}", f"{100 * cost:.1f} %", f"{100 * player:.1f} %", f"{kilobytes:.0f}")
    Console().print(table)


def _in_terminal(columns: int, rows: int, rate: float, seconds: float) -> tuple[float, float, float]:
    """Start this module's `child` in a pseudo-terminal, read what it writes, and give what it measured and kB/s."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.json"
        child, terminal = pty.fork()
        if child == 0:
            environment = {name: value for name, value in os.environ.items() if name != "NO_COLOR"}
            environment |= {"TERM": "xterm-256color", "COLORTERM": "truecolor", "HEMOCAM_PICTURE": "halfblocks"}
            fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
            run = f"from edge.bench.screen import child; child({rate}, {seconds}, {str(report)!r})"
            os.execve(sys.executable, [sys.executable, "-c", run], environment)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        began, written = monotonic(), 0
        while (taken := _read(terminal)) > 0:
            written += taken
        lasted_s = monotonic() - began
        os.close(terminal)
        os.waitpid(child, 0)
        if not report.exists():
            raise RuntimeError(f"the screen at {columns}x{rows} ended before it was measured; run `hemocam live` to see why")
        measured = json.loads(report.read_text())
    return measured["cost"], measured["player"], written / lasted_s / 1000


def _read(terminal: int) -> int:
    """Bytes that were read; 0 once nothing writes any more, which Linux tells by an error."""
    try:
        return len(os.read(terminal, 65536))
    except OSError:
        return 0


def child(rate: float, seconds: float, report: str) -> None:
    """Show a played session on this terminal for a while, and write what it cost into the file `report`."""
    from edge.tui.app import HemoCamApp  # Textual only where a screen is shown

    session = _Played(rate)
    app = HemoCamApp(["played"], lambda _: session, open_errors=())

    def measure() -> None:
        sleep(_SETTLE_S)
        began, cpu_s, player_s = monotonic(), process_time(), session.spent_s
        sleep(seconds)
        lasted_s = monotonic() - began
        cost = {"cost": (process_time() - cpu_s) / lasted_s, "player": (session.spent_s - player_s) / lasted_s}
        Path(report).write_text(json.dumps(cost))
        app.call_from_thread(app.exit)

    threading.Thread(target=measure, daemon=True).start()
    app.run()


class _Played:
    """A session whose fields were drawn before; nothing is counted while it plays."""

    def __init__(self, rate: float) -> None:
        random = np.random.default_rng(0)
        self._fields = [_field(random) for _ in range(_FIELDS)]
        self._rate = rate
        self._stopped = threading.Event()
        self.status = _STATUS
        self.spent_s = 0.0

    def start(self, subscriber: Subscriber) -> None:
        threading.Thread(target=self._play, args=(subscriber,), daemon=True).start()

    def _play(self, subscriber: Subscriber) -> None:
        for number in count():
            if self._stopped.wait(1 / self._rate):
                return
            frames, counted = self._fields[number // _REST_FRAMES % _FIELDS]
            quality = Quality(180.0 + sin(number), 0.7, 0.2, 0.0)
            ledger = Ledger(captured=number + 1, dropped=number)
            self.status = replace(
                self.status, quality=quality, ledger=ledger, frames_per_s=self._rate, latency_ms=38 + sin(number)
            )
            subscriber(FieldSeen(frames[number % _REST_FRAMES], Accepted(quality), counted, FrameState.DUPLICATE, self.status))
            self.spent_s = thread_time()

    def request(self, wish: Wish) -> None:
        pass

    def close(self) -> None:
        self._stopped.set()


def _field(random: np.random.Generator) -> tuple[list[Frame], FieldCount]:
    """About 80 discs at 640x480, with a sensor's noise in each of the frames that it rests for."""
    pixels, cells = np.full((480, 640, 3), (236, 226, 222), np.int16), []
    for _ in range(80):
        x, y = float(random.uniform(25, 615)), float(random.uniform(25, 455))
        cv2.circle(pixels, (round(x), round(y)), 22, (212, 148, 150), cv2.FILLED)
        turns = [2 * pi * step / 40 for step in range(40)]
        outline = np.array([(x + 22 * cos(turn), y + 22 * sin(turn)) for turn in turns], np.float32)
        cells.append(Cell(CellClass.RBC, x, y, pi * 22**2, outline, 0.9, border=False))
    noisy = [np.clip(pixels + random.normal(0, 2, pixels.shape), 0, 255).astype(np.uint8) for _ in range(_REST_FRAMES)]
    counted = FieldCount(tuple(cells), 640, 480, _SCALE, BorderRule.ALL, _STATUS.methods, {}, {})
    return [Frame(each, number, "played") for number, each in enumerate(noisy)], counted
