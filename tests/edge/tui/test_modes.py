"""Setup, live and history beside each other."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from edge.counting.cell import CellClass
from edge.session.events import Notice, Severity, StatusChanged
from edge.session.run_state import RunState
from edge.slide.totals import SlideTotals
from edge.tui.screens.history import HistoryScreen
from edge.tui.screens.live import LiveScreen
from edge.tui.screens.setup import SetupScreen
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.notices import Notices
from edge.tui.widgets.numerals import tall
from edge.tui.widgets.picture import Picture
from edge.tui.widgets.title import TitleBar
from edge.tui.widgets.verdict import VerdictLine

from . import fake_session as fake
from .fake_session import app_for, line


async def test_modes_are_a_key_away_and_the_session_goes_on() -> None:
    session = fake.FakeSession()
    screens = {"1": SetupScreen, "f1": SetupScreen, "2": LiveScreen, "f2": LiveScreen, "3": HistoryScreen, "f3": HistoryScreen}
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        for key in ("1", "2", "f1", "f3", "1", "3", "f2", "h", "escape", "3", "2", "1", "tab f2"):
            await fake.press(pilot, *key.split())
            await fake.settle(pilot)
            screen = {"h": HistoryScreen, "escape": LiveScreen}.get(key) or screens[key.split()[-1]]
            assert isinstance(pilot.app.screen, screen), key
            assert "LIVE AUTO" in line(pilot, TitleBar), key
        assert not session.closed


async def test_live_without_a_session_is_setup() -> None:
    async with app_for(fake.FakeSession(), ("USB", "simulated")).run_test() as pilot:
        await fake.settle(pilot)
        for key, screen in (("2", SetupScreen), ("3", HistoryScreen), ("escape", SetupScreen)):
            await fake.press(pilot, key)
            await fake.settle(pilot)
            assert isinstance(pilot.app.screen, screen)
        assert "no session" in line(pilot, TitleBar)


async def test_what_comes_in_while_another_mode_is_looked_at_is_there_afterwards() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test(size=(160, 48)) as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "3")
        later = replace(fake.STREAMING, totals=SlideTotals("smear-12", 11, {CellClass.RBC: 7777}))
        session.status = replace(later, run_state=RunState.LOST)
        session.play(fake.field_seen(later), Notice(Severity.INFO, "meanwhile"), StatusChanged(session.status))
        await asyncio.sleep(0.6)
        await fake.settle(pilot)
        assert "CAMERA LOST" in line(pilot, TitleBar)
        await fake.press(pilot, "2")
        await fake.settle(pilot)
        assert all(part in line(pilot, Counts) for part in tall("7777"))
        assert "CAMERA LOST" in line(pilot, VerdictLine)
        assert "meanwhile" in line(pilot, Notices)


async def test_nothing_is_drawn_while_another_mode_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    session, drawn = fake.FakeSession(), []
    monkeypatch.setattr(Picture, "_rendered", lambda *scene: drawn.append(scene) or ([], 0.0))
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "3")
        await fake.settle(pilot)
        session.play(fake.field_seen())
        await fake.settle(pilot)
        assert drawn == []
        await fake.press(pilot, "2")
        await fake.settle(pilot)
        assert len(drawn) == 1
