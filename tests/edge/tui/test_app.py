"""The live screen driven by its keys: what arrives at the session, and how one leaves."""

from __future__ import annotations

from dataclasses import replace

import pytest

from edge.session.events import StatusChanged
from edge.session.run_state import RunState
from edge.session.wishes import AddNote, NewSlide, Request
from edge.tui.screens.ask import AskScreen
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.help import HelpScreen
from edge.tui.screens.live import LiveScreen

from . import fake_session as fake
from .fake_session import app_for

KEYS = {
    "a": Request.ACCEPT_FIELD, "t": Request.TOGGLE_AUTO, "p": Request.TOGGLE_PAUSE, "u": Request.UNDO_FIELD,
    "s": Request.SNAPSHOT, "m": Request.NEXT_METHOD,
}  # fmt: skip
FINISHED = replace(fake.STREAMING, run_state=RunState.FINISHED)


async def test_keys_ask() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        for key, request in KEYS.items():
            await fake.press(pilot, key)
            assert session.requests.pop() == request
            assert isinstance(pilot.app.screen, LiveScreen)
        assert session.requests == []


async def test_every_key_of_the_footer_has_its_test() -> None:
    """So that a key that is added later gets one: those above, and those below by name."""
    async with app_for(fake.FakeSession()).run_test() as pilot:
        await fake.settle(pilot)
        shown = {key for key, active in pilot.app.screen.active_bindings.items() if active.binding.show}
    assert shown == {*KEYS, "n", "o", "question_mark", "q"}


async def test_next_slide_is_of_the_specimen_that_is_named() -> None:
    wishes = {
        "enter": NewSlide(), "P - 7 enter": NewSlide("P-7"), "backspace enter": NewSlide(""),
        "end space b enter": NewSlide("P-1043 b"), "x escape": None,
    }  # fmt: skip
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        for keys, wish in wishes.items():
            await fake.press(pilot, "n")
            assert isinstance(pilot.app.screen, AskScreen)
            await fake.press(pilot, *keys.split())
            await fake.settle(pilot)
            assert isinstance(pilot.app.screen, LiveScreen)
            assert session.requests == ([] if wish is None else [wish]), keys
            session.requests.clear()


async def test_note_is_kept_and_its_letters_are_no_keys() -> None:
    wishes = {"q 1 2 3 enter": [AddNote("q123")], "enter": [], "x escape": [], "space enter": []}
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        for keys, wish in wishes.items():
            await fake.press(pilot, "o", *keys.split())
            await fake.settle(pilot)
            assert isinstance(pilot.app.screen, LiveScreen)
            assert session.requests == wish, keys
            session.requests.clear()


async def test_help_opens_and_closes() -> None:
    async with app_for(fake.FakeSession()).run_test() as pilot:
        await fake.settle(pilot)
        for close in ("escape", "question_mark", "q", "enter"):
            await fake.press(pilot, "question_mark")
            assert isinstance(pilot.app.screen, HelpScreen)
            await fake.press(pilot, close)
            assert isinstance(pilot.app.screen, LiveScreen)


async def test_quit_asks_while_fields_are_counted_by_themselves() -> None:
    session = fake.FakeSession()
    app = app_for(session)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "q")
        assert isinstance(app.screen, ConfirmScreen)
        await fake.press(pilot, "y")
        await fake.settle(pilot)
    assert session.closed
    assert app.return_value is session.status


@pytest.mark.parametrize("status", [replace(fake.STREAMING, auto=False), replace(fake.STREAMING, run_state=RunState.PAUSED)])
async def test_quit_asks_nothing_when_idle(status: fake.Status) -> None:
    session = fake.FakeSession(status)
    app = app_for(session)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "q")
        await fake.settle(pilot)
    assert session.closed
    assert app.return_value is status


async def test_a_fault_closes_the_session_too() -> None:
    session = fake.FakeSession()
    app = app_for(session)
    with pytest.raises(ZeroDivisionError):
        async with app.run_test() as pilot:
            await fake.settle(pilot)
            app.call_later(lambda: 1 / 0)
            await pilot.pause()
    assert session.closed


async def test_finished_session_is_asked_nothing() -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        session.play(StatusChanged(FINISHED))
        await fake.settle(pilot)
        await fake.press(pilot, *KEYS, "n", "o")
        assert session.requests == []
        assert isinstance(pilot.app.screen, LiveScreen)
