"""What stands on the live screen, and how little is done for it."""

from __future__ import annotations

import asyncio
import re
from dataclasses import replace
from threading import get_ident
from typing import Any

import pytest

from edge.counting.cell import CellClass
from edge.session.events import Notice, Severity, StatusChanged
from edge.session.run_state import RunState
from edge.slide.totals import SlideTotals
from edge.tui.pictures.half_blocks import HalfBlocks
from edge.tui.screens import live as live_module
from edge.tui.screens.live import LiveScreen
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.instruments import Instruments
from edge.tui.widgets.ledger import LedgerLine
from edge.tui.widgets.numerals import tall
from edge.tui.widgets.rows import Rows
from edge.tui.widgets.title import TitleBar
from edge.tui.widgets.verdict import VerdictLine

from . import fake_session as fake
from .fake_session import app_for, line


async def test_burst_is_a_few_looks_and_ends_with_the_last() -> None:
    session = fake.FakeSession()
    app = app_for(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await fake.settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        shown = []
        show = screen._show

        async def counting(mail: Any) -> float:
            shown.append(mail)
            return await show(mail)

        screen._show = counting  # type: ignore[method-assign]
        field = fake.field_seen()
        last = replace(fake.STREAMING, totals=SlideTotals("smear-12", 999, {CellClass.RBC: 54321}))
        burst = [replace(field, status=fake.STREAMING) for _ in range(999)] + [replace(field, status=last)]
        await asyncio.to_thread(session.play, *burst, *(Notice(Severity.INFO, str(number)) for number in range(1000)))
        await fake.settle(pilot)
        assert len(shown) <= 8
        assert last in [mail.status for mail in shown[-2:]]
        assert sum(len(mail.notices) for mail in shown) <= 200
        assert all(part in line(pilot, Counts) for part in tall("54321"))


@pytest.mark.parametrize("field", [fake.field_rejected(), fake.field_failed()], ids=["rejected", "failed"])
async def test_unknown_is_not_zero(field: fake.FieldSeen) -> None:
    empty = replace(fake.STREAMING, totals=SlideTotals("smear-12", 1, {}))
    session = fake.FakeSession(empty)
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(replace(field, status=empty))
        await fake.settle(pilot)
        shown = line(pilot, Counts)
        assert shown.count("╺━╸") == 6
        assert "┏━┓" not in shown


async def test_class_that_the_model_does_not_see_is_unknown_and_none_found_is_zero() -> None:
    seen = {CellClass.RBC: fake.METHODS[CellClass.RBC]}
    status = replace(fake.STREAMING, methods=seen, totals=SlideTotals("smear-12"))
    field = fake.field_seen(status)
    assert field.count is not None
    session = fake.FakeSession(status)
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(replace(field, count=replace(field.count, cells=(), methods=seen)))
        await fake.settle(pilot)
        shown = line(pilot, Counts)
        assert shown.count("┏━┓") == 2
        assert shown.count("╺━╸") == 4


async def test_every_state_is_named_and_says_why() -> None:
    """In words, on the title and on the line of the verdict, however the session puts it."""
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(fake.field_seen())
        for run_state in RunState:
            status = replace(fake.STREAMING, run_state=run_state, detail=f"for reason {run_state.value}")
            session.play(StatusChanged(status))
            await fake.settle(pilot)
            word = {RunState.STREAMING: "LIVE", RunState.LOST: "CAMERA LOST"}.get(run_state, run_state.value.upper())
            assert word in line(pilot, TitleBar)
            assert status.detail in line(pilot, VerdictLine)
            assert len(line(pilot, TitleBar)) == 80


async def test_a_long_reason_goes_on_below_and_nothing_is_cut() -> None:
    reason = "the disk is full: 180 MB are left on /var/lib/hemocam, free 20 MB or more, and counting goes on by itself"
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(StatusChanged(replace(fake.STREAMING, run_state=RunState.PAUSED, detail=reason)))
        await fake.settle(pilot)
        await fake.settle(pilot)
        shown = line(pilot, VerdictLine).splitlines()
        assert len(shown) == 2
        assert " ".join("".join(part + " " for part in shown).split()).endswith(reason)
        session.play(StatusChanged(fake.STREAMING))
        await fake.settle(pilot)
        assert pilot.app.screen.query_one(VerdictLine).size.height == 1


async def test_ledger_adds_up_on_the_screen_at_any_size() -> None:
    ledger = fake.Ledger(
        captured=98_765_439, counted=12_345_678, duplicate=23_456_789, rejected=1_234_567, dropped=61_728_394, failed=8
    )
    status = replace(fake.STREAMING, ledger=ledger)
    for size in ((80, 24), (160, 48)):
        session = fake.FakeSession(status)
        async with app_for(session).run_test(size=size) as pilot:
            await fake.settle(pilot)
            numbers = [int(number) for number in re.findall(r"\d+", line(pilot, LedgerLine))]
        assert numbers[0] == sum(numbers[1:]) == ledger.captured


async def test_pictures_are_drawn_beside_the_screens_own_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """The one piece of work that may take longer than a key should wait."""
    threads = []
    strips = HalfBlocks.strips
    monkeypatch.setattr(HalfBlocks, "strips", lambda *scene: threads.append(get_ident()) or strips(*scene))
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(fake.field_seen())
        await fake.settle(pilot)
    assert threads
    assert get_ident() not in threads


async def test_full_line_is_not_written_to(monkeypatch: pytest.MonkeyPatch) -> None:
    full = [False]
    monkeypatch.setattr(live_module, "line_is_full", lambda: full[0])
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        full[0] = True
        session.play(StatusChanged(replace(fake.STREAMING, frames_per_s=77.7)))
        await asyncio.sleep(0.2)
        assert "77.7" not in line(pilot, Instruments)
        full[0] = False
        await fake.settle(pilot)
        assert "77.7" in line(pilot, Instruments)


@pytest.mark.parametrize(
    ("types", "shown"),
    [({}, None), ({"lymphocyte": 30, "segmented neutrophil": 60, "unsure": 10}, "100/200 seg 60% lym 30% ? 10%")],
)
async def test_types_have_a_line_once_there_are_any(types: dict[str, int], shown: str | None) -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(StatusChanged(replace(fake.STREAMING, totals=replace(fake.STREAMING.totals, types=types))))
        await fake.settle(pilot)
        text = line(pilot, Instruments)
        assert ("types" in text) is (shown is not None)
        assert shown is None or shown in text


async def test_a_frame_draws_the_rows_that_changed_and_no_others() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(fake.field_seen())
        await fake.settle(pilot)
        drawn: list[str] = []
        for widget in pilot.app.screen.query(Rows):
            render_line, name = widget.render_line, type(widget).__name__
            widget.render_line = lambda y, real=render_line, name=name: drawn.append(f"{name} {y}") or real(y)  # type: ignore[method-assign]
        session.play(StatusChanged(replace(fake.STREAMING, latency_ms=41.0)))
        await fake.settle(pilot)
        assert drawn == ["Instruments 6"]


async def test_colours_say_the_same_as_the_words() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(fake.field_seen(), Notice(Severity.ERROR, "the cable"))
        await fake.settle(pilot)
        colours = {
            segment.text.strip(): segment.style.color.get_truecolor().hex
            for widget in pilot.app.screen.query(Rows)
            for y in range(widget.size.height)
            for segment in widget.render_line(y)
            if segment.style and segment.style.color
        }
        assert colours["✓ COUNTED"] == "#6cc5a1"
        assert colours["× the cable"] == "#ff8f70"
        assert colours["◆ W"] == "#e69f00"
