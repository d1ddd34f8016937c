"""How long a notice stands."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.session.events import Notice, Severity, StatusChanged
from edge.session.run_state import RunState
from edge.tui.widgets import notices
from edge.tui.widgets.notices import Notices
from tests.edge.tui import fake_session as fake
from tests.edge.tui.test_modes import app_for, line


async def test_what_was_said_of_a_lost_camera_goes_when_it_is_back() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test(size=(160, 48)) as pilot:
        await fake.settle(pilot)
        session.status = replace(fake.STREAMING, run_state=RunState.LOST)
        session.play(Notice(Severity.ERROR, "unplugged"), StatusChanged(session.status))
        await fake.settle(pilot)
        assert "unplugged" in line(pilot, Notices)
        session.status = fake.STREAMING
        session.play(StatusChanged(session.status))
        await fake.settle(pilot)
        assert "unplugged" not in line(pilot, Notices)


async def test_what_was_said_before_the_trouble_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(notices, "monotonic", lambda: now[0])
    session = fake.FakeSession()
    async with app_for(session).run_test(size=(160, 48)) as pilot:
        await fake.settle(pilot)
        session.play(Notice(Severity.WARNING, "taking the CPU"))
        await fake.settle(pilot)
        now[0] += 10.0
        for state in (RunState.RECOVERING, RunState.STREAMING):
            session.play(StatusChanged(replace(fake.STREAMING, run_state=state)))
            await fake.settle(pilot)
        assert "taking the CPU" in line(pilot, Notices)
        now[0] += 60.0
        pilot.app.screen.query_one(Notices).update_rows()
        await fake.settle(pilot)
        assert "taking the CPU" not in line(pilot, Notices)
