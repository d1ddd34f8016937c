"""The screens as a person sees them, at the smallest size and at a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from edge.session.events import Disk, DiskLevel, Event, Notice, Severity, StatusChanged
from edge.session.run_state import FinishReason, RunState
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind

from . import fake_history
from . import fake_session as fake

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
NOTICES = (Notice(Severity.INFO, "session 2026-11-20-a1 began"), Notice(Severity.WARNING, "the light fell by a third"))
CHOICES = ("USB microscope  /dev/video0", "Simulated slide")


def state(run_state: RunState, detail: str = "", **changes: Any) -> StatusChanged:
    return StatusChanged(replace(fake.STREAMING, run_state=run_state, detail=detail, **changes))


OVERLAPPING = replace(fake.STREAMING, overlap=0.63, auto=False)
SLOW = replace(fake.STREAMING, detail="record is slow: no frame is taken until it catches up", clock_trusted=False)
LOW = replace(SLOW, disk=Disk(1_900_000_000, DiskLevel.LOW), detail="", recent=(), scale=None, quality=None)
UNPLUGGED = "/dev/video0 is gone; try 4 follows in 3.8 s: check its cable"
FULL = "the disk is full, 180 MB are left: free some space, and it goes on by itself"

FIELDS: dict[str, tuple[Event, ...]] = {
    "counted": (fake.field_seen(),),
    "doubtful": (fake.field_seen(red_by_hough=50),),
    "ready": (fake.field_seen(replace(fake.STREAMING, auto=False), state=None),),
    "rejected": (fake.field_rejected(),),
    "failed": (fake.field_failed(),),
    "duplicate": (fake.field_seen(OVERLAPPING, state=fake.FrameState.DUPLICATE),),
    "simulated": (fake.field_seen(fake.SIMULATED),),
    "slow": (fake.field_seen(SLOW),),
    "low": (fake.field_seen(LOW),),
    "opening": (state(RunState.OPENING, "the model is being built for this GPU: minutes, once", recent=()),),
    "paused": (fake.field_seen(), state(RunState.PAUSED)),
    "full": (fake.field_seen(), state(RunState.PAUSED, FULL, disk=Disk(180_000_000, DiskLevel.FULL))),
    "lost": (fake.field_seen(), state(RunState.LOST, UNPLUGGED), Notice(Severity.ERROR, "USB microscope: no frame for 2 s")),
    "recovering": (fake.field_seen(), state(RunState.RECOVERING, "the engine gave no number: it is opened anew on the CPU")),
    "finishing": (fake.field_seen(), state(RunState.FINISHING)),
    "finished": (fake.field_seen(), state(RunState.FINISHED, finish_reason=FinishReason.END_OF_FRAMES)),
    "broken": (fake.field_seen(), state(RunState.FINISHED, "disk I/O error", finish_reason=FinishReason.STORE_FAILED)),
    "waiting": (),
}


def live(events: tuple[Event, ...], picture: PictureKind, *keys: str) -> tuple[HemoCamApp, Callable[[Pilot[Any]], Any]]:
    session = fake.FakeSession(fake.SIMULATED if events == FIELDS["simulated"] else fake.STREAMING)
    app = HemoCamApp(["camera"], lambda _: session, open_errors=(OSError,), history=fake_history.FakeHistory(), picture=picture)

    async def play(pilot: Pilot[Any]) -> None:
        await fake.settle(pilot)
        session.play(*NOTICES, *events)
        await fake.settle(pilot)
        await fake.press(pilot, *keys)

    return app, play


@SIZES
@pytest.mark.parametrize("field", FIELDS)
def test_live(field: str, size: tuple[int, int], snap_compare: Compare) -> None:
    """With the picture in text but for one: half a megabyte of half blocks each would be no better a test."""
    app, play = live(FIELDS[field], PictureKind.HALF_BLOCKS if field == "simulated" else PictureKind.TEXT)
    assert snap_compare(app, terminal_size=size, run_before=play)


@SIZES
def test_live_without_colour(size: tuple[int, int], snap_compare: Compare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, play = live(FIELDS["simulated"], PictureKind.AUTO)
    assert snap_compare(app, terminal_size=size, run_before=play)


@SIZES
@pytest.mark.parametrize(
    "keys",
    [
        ("question_mark",), ("n",), ("o", *"rouleaux"), ("q",), ("1",), ("3",), ("3", "question_mark"), ("3", "enter"),
        ("3", "enter", "right"), ("3", "enter", "right", "right"), ("3", "enter", "end"), ("3", "down", "enter"),
        ("3", "end", "enter"),
    ],
    ids=["help", "next-slide", "note", "quit", "setup", "history", "history-help", "past", "past-undone", "past-dropped",
         "past-noted", "past-simulated", "past-empty"],
)  # fmt: skip
def test_screen(keys: tuple[str, ...], size: tuple[int, int], snap_compare: Compare) -> None:
    app, play = live(FIELDS["counted"], PictureKind.TEXT, *keys)
    assert snap_compare(app, terminal_size=size, run_before=play)


@SIZES
@pytest.mark.parametrize("keys", [("3",), ("3", "enter", "right", "right")], ids=["history", "past"])
def test_history_without_colour(
    keys: tuple[str, ...], size: tuple[int, int], snap_compare: Compare, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app, play = live(FIELDS["counted"], PictureKind.AUTO, *keys)
    assert snap_compare(app, terminal_size=size, run_before=play)


@SIZES
@pytest.mark.parametrize("fault", ["none", "opening", "scale", "help"])
def test_setup(fault: str, size: tuple[int, int], snap_compare: Compare) -> None:
    def refuse(setup: object) -> fake.FakeSession:
        raise OSError("/dev/video0 is busy: close the program that uses it, then press Enter")

    async def act(pilot: Pilot[Any]) -> None:
        await fake.settle(pilot)
        keys = {"opening": ["enter"], "scale": ["tab", "tab", "tab", *"90", "enter"], "help": ["question_mark"]}
        await fake.press(pilot, *keys.get(fault, []))

    app = HemoCamApp(CHOICES, refuse, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    assert snap_compare(app, terminal_size=size, run_before=act)
