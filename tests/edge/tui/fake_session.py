"""A session that plays what a test tells it, beside rendered fields whose cells are known."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timezone
from math import cos, pi, sin
from typing import Any

import cv2
import numpy as np
from textual.events import Key
from textual.pilot import Pilot

from edge.counting.cell import Cell, CellClass, Method
from edge.counting.field_count import BorderRule, FieldCount, Scale, ScaleSource
from edge.counting.interval import Interval
from edge.frame import Frame
from edge.optics.verdict import Accepted, Quality, Rejected, RejectionReason
from edge.session.events import Disk, DiskLevel, Event, FieldSeen, PastCount, Status, Subscriber
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import RunState
from edge.session.wishes import Wish
from edge.slide.totals import SlideTotals
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind
from edge.tui.widgets.rows import Rows

QUALITY = Quality(focus=182.0, brightness=0.71, contrast=0.22, saturated=0.0)
ACCEPTED = Accepted(QUALITY)
BLURRED = Rejected(QUALITY, RejectionReason.DEFOCUSED, "Turn the fine focus until the rims are sharp.")
METHODS = {CellClass.RBC: Method.CENTRES, CellClass.WBC: Method.COMPONENTS, CellClass.PLT: Method.COMPONENTS}
SCALE = Scale(cell_diameter_px=44.2, spread=0.06, source=ScaleSource.ESTIMATED)
RECENT = tuple(
    PastCount(number, {CellClass.RBC: red, CellClass.WBC: number % 3, CellClass.PLT: 4 + number % 5})
    for number, red in enumerate((131, 118, 124, 140, 122, 97, 128, 135, 144, 126), 1)
)

STREAMING = Status(
    session_id="2026-11-20-a1",
    run_state=RunState.STREAMING,
    camera="USB microscope (/dev/video0)",
    simulated=False,
    model="field 3f9a2c",
    runtime="onnxruntime int8",
    totals=SlideTotals("smear-12", 10, {CellClass.RBC: 1284, CellClass.WBC: 12, CellClass.PLT: 58}),
    ledger=Ledger(captured=272, counted=10, duplicate=41, rejected=7, dropped=212, failed=1),
    methods=METHODS,
    auto=True,
    scale=SCALE,
    specimen="P-1043",
    quality=QUALITY,
    overlap=0.04,
    frames_per_s=24.1,
    latency_ms=38.0,
    recent=RECENT,
    disk=Disk(41_300_000_000, DiskLevel.OK),
    clock_trusted=True,
)
SIMULATED = replace(STREAMING, camera="simulated slide", simulated=True)


class FakeSession:
    """Keeps every request; `play` hands events to the subscriber on the calling thread, as a loop does on its own."""

    def __init__(self, status: Status = STREAMING) -> None:
        self.status = status
        self.requests: list[Wish] = []
        self.closed = 0
        self._subscriber: Subscriber | None = None

    def start(self, subscriber: Subscriber) -> None:
        self._subscriber = subscriber

    def request(self, wish: Wish) -> None:
        self.requests.append(wish)

    def close(self) -> None:
        self.closed += 1

    def play(self, *events: Event) -> None:
        assert self._subscriber is not None, "play before start"
        for event in events:
            self._subscriber(event)


def field_seen(
    status: Status = STREAMING, state: FrameState | None = FrameState.COUNTED, seed: int = 0, red_by_hough: int | None = None
) -> FieldSeen:
    """A counted field. `red_by_hough` is what a second method found of red cells, by default the same as the first."""
    frame, cells = rendered(seed, status.simulated)
    red = sum(cell.cell_class is CellClass.RBC for cell in cells)
    by_method = {CellClass.RBC: {Method.CENTRES: red, Method.HOUGH: red if red_by_hough is None else red_by_hough}}
    numbers = {kind: sum(cell.cell_class is kind for cell in cells) for kind in CellClass}
    intervals = {kind: Interval(max(0, n - n // 20 - 1), n + n // 15 + 1) for kind, n in numbers.items()}
    count = FieldCount(
        cells, frame.width_px, frame.height_px, SCALE, BorderRule.ALL, METHODS, by_method, {"infer": 31.0}, intervals
    )
    return FieldSeen(frame, ACCEPTED, count, state, status)


def field_rejected(status: Status = STREAMING, seed: int = 0) -> FieldSeen:
    frame, _ = rendered(seed, status.simulated)
    blurred = replace(frame, pixels=cv2.GaussianBlur(frame.pixels, (0, 0), 12))
    return FieldSeen(blurred, BLURRED, None, FrameState.REJECTED, status)


def field_failed(status: Status = STREAMING) -> FieldSeen:
    return FieldSeen(rendered(0, status.simulated)[0], ACCEPTED, None, FrameState.FAILED, status)


def rendered(seed: int, simulated: bool = False) -> tuple[Frame, tuple[Cell, ...]]:
    """A 640x480 field of discs on a jittered grid, and its cells."""
    random = np.random.default_rng(seed)
    pixels = np.full((480, 640, 3), (236, 226, 222), np.uint8)
    cells = []
    for number, (x, y) in enumerate(_places(random)):
        kind = CellClass.WBC if number % 47 == 20 else CellClass.PLT if number % 17 == 8 else CellClass.RBC
        cells.append(_cell(pixels, kind, x, y, random))
    wall_time = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
    frame = Frame(pixels, seed, "fake", simulated=simulated, monotonic_s=float(seed), wall_time=wall_time)
    return frame, tuple(sorted(cells, key=lambda cell: (cell.y, cell.x)))


def _places(random: np.random.Generator) -> Iterator[tuple[float, float]]:
    for y in range(28, 480, 54):
        for x in range(28, 640, 58):
            if random.random() < 0.82:
                yield x + random.uniform(-8, 8), y + random.uniform(-6, 6)


def _cell(pixels: np.ndarray, kind: CellClass, x: float, y: float, random: np.random.Generator) -> Cell:
    radius = {CellClass.RBC: 22.0, CellClass.WBC: 34.0, CellClass.PLT: 7.0}[kind] * random.uniform(0.92, 1.08)
    centre = round(x), round(y)
    if kind is CellClass.RBC:
        cv2.circle(pixels, centre, round(radius), (212, 148, 150), cv2.FILLED, cv2.LINE_AA)
        cv2.circle(pixels, centre, round(0.4 * radius), (228, 188, 186), cv2.FILLED, cv2.LINE_AA)
    elif kind is CellClass.WBC:
        cv2.circle(pixels, centre, round(radius), (188, 176, 208), cv2.FILLED, cv2.LINE_AA)
        for lobe in (-0.35, 0.35):
            place = round(x + lobe * radius), round(y + lobe * radius / 2)
            cv2.circle(pixels, place, round(0.5 * radius), (92, 60, 138), cv2.FILLED, cv2.LINE_AA)
    else:
        cv2.circle(pixels, centre, round(radius), (140, 100, 160), cv2.FILLED, cv2.LINE_AA)
    angles = [2 * pi * step / 24 for step in range(24)]
    outline = np.array([(x + radius * cos(angle), y + radius * sin(angle)) for angle in angles], np.float32)
    return Cell(kind, x, y, pi * radius**2, outline, 0.9, border=False)


async def settle(pilot: Pilot[Any]) -> None:
    """Until sessions are opened, mail is shown and pictures are drawn: until three looks in a row find nothing waiting."""
    calm = 0
    while calm < 3:
        await pilot.pause(0.02)
        await pilot.app.workers.wait_for_complete()
        nodes = [pilot.app, *pilot.app.screen.walk_children(with_self=True)]
        calm = 0 if any(node.message_queue_size for node in nodes) else calm + 1


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """Each key when the one before has done its work. Pilot.press goes by whether this process is idle, which takes a second
    where threads are busy, and is no sign of it where others take the processor."""
    for key in keys:
        pilot.app.post_message(Key(key, " " if key == "space" else None))
        await settle(pilot)


def app_for(session: FakeSession, choices: tuple[str, ...] = ("camera",)) -> HemoCamApp:
    return HemoCamApp(choices, lambda _: session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)


def line(pilot: Pilot[Any], widget: type[Rows]) -> str:
    """What a widget's rows say."""
    return pilot.app.screen.query_one(widget).render().plain
