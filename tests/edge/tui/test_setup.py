"""What is filled in, and how a session is begun with it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Event as Flag

import pytest
from textual.widgets import Checkbox, Input, OptionList, Static

from edge.session.events import StatusChanged
from edge.session.run_state import RunState
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.help import HelpScreen
from edge.tui.screens.live import LiveScreen
from edge.tui.screens.setup import SetupScreen
from edge.tui.setup import Setup
from edge.tui.widgets.instruments import Instruments
from edge.tui.widgets.title import TitleBar

from . import fake_session as fake
from .fake_session import app_for, line

FINISHED = replace(fake.STREAMING, run_state=RunState.FINISHED)


@pytest.mark.parametrize("keys", [["down", "enter"], ["down", "tab", "enter"]])
async def test_camera_is_chosen_by_arrows_and_begun_by_enter(keys: list[str]) -> None:
    opened: list[Setup] = []

    def open_session(setup: Setup) -> fake.FakeSession:
        opened.append(setup)
        return fake.FakeSession()

    app = HemoCamApp(["USB", "Simulated"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, *keys)
        await fake.settle(pilot)
        assert isinstance(app.screen, LiveScreen)
    assert opened == [Setup(camera=1)]


async def test_setup_is_what_was_filled_in() -> None:
    """Digits and q are letters in a text field; Escape leads out of it, Space switches auto on."""
    opened: list[Setup] = []

    def open_session(setup: Setup) -> fake.FakeSession:
        opened.append(setup)
        return fake.FakeSession()

    first = Setup(camera=1, specimen="P", operator="M. Curie", auto=False)
    app = HemoCamApp(["USB", "Sim"], open_session, open_errors=(OSError,), setup=first, picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "tab", "end", *"-12q", "tab", "tab", *"0,25", "tab", "space")
        assert app.screen.query_one(Checkbox).value
        assert "every new field" in str(app.screen.query_one(Checkbox).label)
        await fake.press(pilot, "shift+tab", "escape")
        assert app.focused is app.screen.query_one(OptionList)
        await fake.press(pilot, "up", "enter")
        await fake.settle(pilot)
    assert opened == [Setup(camera=0, specimen="P-12q", operator="M. Curie", um_per_px=0.25, auto=True)]


@pytest.mark.parametrize(("typed", "said"), [("x", "'x' is not a number"), ("0", "0 is not 0.001"), ("nan", "nan is not")])
async def test_scale_that_is_none_is_refused(typed: str, said: str) -> None:
    app = app_for(fake.FakeSession(), ("USB", "simulated"))
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "tab", "tab", "tab", *typed, "enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, SetupScreen)
        assert said in str(app.screen.query_one("#message", Static).render())
        assert app.focused is app.screen.query_one("#um-per-px", Input)


async def test_help_and_quit_from_setup() -> None:
    app = app_for(fake.FakeSession(), ("USB", "simulated"))
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "question_mark")
        assert isinstance(app.screen, HelpScreen)
        await fake.press(pilot, "escape", "q")
        await pilot.pause()
    assert app.return_value is None


@pytest.mark.parametrize(("answer", "begun"), [("y", 2), ("n", 1)])
async def test_another_session_ends_the_first_when_asked(answer: str, begun: int) -> None:
    sessions: list[fake.FakeSession] = []

    def open_session(setup: Setup) -> fake.FakeSession:
        assert all(session.closed for session in sessions), "both may want the same camera"
        sessions.append(fake.FakeSession(replace(fake.STREAMING, session_id=str(len(sessions)))))
        return sessions[-1]

    app = HemoCamApp(["USB"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "1")
        await fake.press(pilot, "enter")
        assert isinstance(app.screen, ConfirmScreen)
        await fake.press(pilot, answer)
        await fake.settle(pilot)
        assert len(sessions) == begun
        await fake.press(pilot, "2")
        await fake.settle(pilot)
        sessions[-1].play(StatusChanged(replace(sessions[-1].status, frames_per_s=77.7)))
        await fake.settle(pilot)
        assert "77.7/s" in line(pilot, Instruments)
        await fake.press(pilot, "q", "y")
        await fake.settle(pilot)
    assert all(session.closed for session in sessions)
    assert app.return_value is sessions[-1].status


async def test_after_a_finished_session_another_is_begun_without_a_question() -> None:
    sessions = [fake.FakeSession(FINISHED), fake.FakeSession()]
    left = iter(sessions)
    app = HemoCamApp(["USB"], lambda _: next(left), open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "1", "enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, LiveScreen)
        assert "LIVE" in line(pilot, TitleBar)


async def test_error_on_beginning_another_leaves_no_session_behind() -> None:
    first = fake.FakeSession(FINISHED)
    outcomes = iter([first, OSError("/dev/video0 is gone")])

    def open_session(setup: Setup) -> fake.FakeSession:
        outcome = next(outcomes)
        if isinstance(outcome, OSError):
            raise outcome
        return outcome

    app = HemoCamApp(["USB"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await fake.press(pilot, "1", "enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, SetupScreen)
        assert "/dev/video0 is gone" in str(app.screen.query_one("#message", Static).render())
        await fake.press(pilot, "q")
        await fake.settle(pilot)
    assert app.return_value is first.status


@pytest.mark.parametrize("choices", [("camera",), ("USB [x]", "simulated")])
async def test_error_on_opening_is_said_and_the_choice_offered_again(choices: tuple[str, ...]) -> None:
    tries: list[Setup] = []

    def open_session(setup: Setup) -> fake.FakeSession:
        tries.append(setup)
        if len(tries) == 1:
            raise OSError("/dev/video0 is busy [device]: close what uses it")
        return fake.FakeSession()

    app = HemoCamApp(choices, open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        if len(choices) > 1:
            await fake.press(pilot, "enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, SetupScreen)
        assert "is busy [device]: close what uses it" in str(app.screen.query_one("#message", Static).render())
        assert not app.screen.query_one("#setup").disabled
        await fake.press(pilot, "enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, LiveScreen)


async def test_second_enter_while_opening_opens_nothing_more() -> None:
    go, tries = Flag(), []

    def open_session(setup: Setup) -> fake.FakeSession:
        tries.append(setup)
        go.wait(5)
        return fake.FakeSession()

    app = HemoCamApp(["USB", "sim"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("enter", "enter", "enter")
        await pilot.pause()
        go.set()
        await fake.settle(pilot)
    assert len(tries) == 1


async def test_session_that_opens_after_quitting_is_closed() -> None:
    session, go = fake.FakeSession(), Flag()

    def open_session(setup: Setup) -> fake.FakeSession:
        go.wait(5)
        return session

    app = HemoCamApp(["camera"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await pilot.pause()
        await pilot.press("q")
    go.set()
    for _ in range(100):
        await asyncio.sleep(0.01)
        if session.closed:
            break
    assert session.closed


def test_no_choice_is_refused() -> None:
    with pytest.raises(ValueError, match="there must be a camera"):
        HemoCamApp([], lambda _: fake.FakeSession(), open_errors=(OSError,))
