"""The screens as a person sees them, at the smallest size and at a large one."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from textual.pilot import Pilot

from edge.session import Event, FinishReason, Notice, RunState, Severity, StatusChanged
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind

from . import fake_session as fake

Compare = Callable[..., bool]
SIZES = pytest.mark.parametrize("size", [(80, 24), (160, 48)], ids=["80x24", "160x48"])
NOTICES = (Notice(Severity.INFO, "session 2026-11-20-a1 began"), Notice(Severity.WARNING, "the light fell by a third"))
LOST = replace(fake.STREAMING, run_state=RunState.LOST, frames_per_s=0.0)
PAUSED = replace(fake.STREAMING, run_state=RunState.PAUSED)
FINISHED = replace(fake.STREAMING, run_state=RunState.FINISHED, finish_reason=FinishReason.END_OF_FRAMES)
OVERLAPPING = replace(fake.STREAMING, overlap=0.63, auto=False)

FIELDS: dict[str, tuple[Event, ...]] = {
    "counted": (fake.field_seen(),),
    "doubtful": (fake.field_seen(red_by_hough=50),),
    "ready": (fake.field_seen(replace(fake.STREAMING, auto=False), state=None),),
    "rejected": (fake.field_rejected(),),
    "failed": (fake.field_failed(),),
    "duplicate": (fake.field_seen(OVERLAPPING, state=fake.FrameState.DUPLICATE),),
    "simulated": (fake.field_seen(fake.SIMULATED),),
    "paused": (fake.field_seen(), StatusChanged(PAUSED)),
    "lost": (fake.field_seen(), StatusChanged(LOST), Notice(Severity.ERROR, "USB microscope: no frame for 2 s")),
    "finished": (fake.field_seen(), StatusChanged(FINISHED)),
    "waiting": (),
}


def live(events: tuple[Event, ...], picture: PictureKind) -> tuple[HemoCamApp, Callable[[Pilot[Any]], Any]]:
    session = fake.FakeSession(fake.SIMULATED if events == FIELDS["simulated"] else fake.STREAMING)
    app = HemoCamApp(["camera"], lambda _: session, open_errors=(OSError,), picture=picture)

    async def play(pilot: Pilot[Any]) -> None:
        await fake.settle(pilot)
        session.play(*NOTICES, *events)
        await fake.settle(pilot)

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
def test_choose(size: tuple[int, int], snap_compare: Compare) -> None:
    choices = ["USB microscope  /dev/video0", "Simulated slide"]
    app = HemoCamApp(choices, lambda _: fake.FakeSession(), open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    assert snap_compare(app, terminal_size=size)


@SIZES
def test_help(size: tuple[int, int], snap_compare: Compare) -> None:
    app, play = live(FIELDS["counted"], PictureKind.TEXT)

    async def ask(pilot: Pilot[Any]) -> None:
        await play(pilot)
        await pilot.press("question_mark")

    assert snap_compare(app, terminal_size=size, run_before=ask)
