"""The program driven by its keys: what arrives at the session, and what stands on the screen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Event as Flag
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from edge.counting.cells import CellClass
from edge.session import Notice, Request, RunState, Severity, SlideTotals, StatusChanged
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind
from edge.tui.screens.choose import ChooseScreen
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.help import HelpScreen
from edge.tui.screens.live import LiveScreen
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.numerals import tall
from edge.tui.widgets.verdict import VerdictLine

from . import fake_session as fake


def app_for(session: fake.FakeSession, choices: tuple[str, ...] = ("camera",)) -> HemoCamApp:
    return HemoCamApp(choices, lambda _: session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)


def line(pilot: Pilot[Any], widget: type[Counts] | type[VerdictLine]) -> str:
    return pilot.app.screen.query_one(widget).render().plain


@pytest.mark.parametrize(
    ("keys", "request_"),
    [
        ("a", Request.ACCEPT_FIELD),
        ("t", Request.TOGGLE_AUTO),
        ("p", Request.TOGGLE_PAUSE),
        ("s", Request.SNAPSHOT),
        ("m", Request.NEXT_METHOD),
        ("ny", Request.NEW_SLIDE),
    ],
)
async def test_key_asks(keys: str, request_: Request) -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
        assert session.requests == [request_]
        assert isinstance(pilot.app.screen, LiveScreen)


@pytest.mark.parametrize("answer", ["n", "escape"])
async def test_new_slide_is_not_begun_without_a_yes(answer: str) -> None:
    session = fake.FakeSession()
    async with app_for(session).run_test() as pilot:
        await fake.settle(pilot)
        await pilot.press("n", "enter")
        assert isinstance(pilot.app.screen, ConfirmScreen)
        await pilot.press(answer)
        assert isinstance(pilot.app.screen, LiveScreen)
        assert session.requests == []


async def test_help_opens_and_closes() -> None:
    async with app_for(fake.FakeSession()).run_test() as pilot:
        await fake.settle(pilot)
        await pilot.press("question_mark")
        assert isinstance(pilot.app.screen, HelpScreen)
        await pilot.press("escape")
        assert isinstance(pilot.app.screen, LiveScreen)


async def test_quit_asks_while_fields_are_counted_by_themselves() -> None:
    session = fake.FakeSession()
    app = app_for(session)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await pilot.press("q")
        assert isinstance(app.screen, ConfirmScreen)
        await pilot.press("y")
        await fake.settle(pilot)
    assert session.closed
    assert app.return_value is session.status


@pytest.mark.parametrize("status", [replace(fake.STREAMING, auto=False), replace(fake.STREAMING, run_state=RunState.PAUSED)])
async def test_quit_asks_nothing_when_idle(status: fake.Status) -> None:
    session = fake.FakeSession(status)
    app = app_for(session)
    async with app.run_test() as pilot:
        await fake.settle(pilot)
        await pilot.press("q")
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
        session.play(StatusChanged(replace(fake.STREAMING, run_state=RunState.FINISHED)))
        await fake.settle(pilot)
        await pilot.press("a", "n", "p")
        assert session.requests == []


async def test_burst_is_a_few_looks_and_ends_with_the_last() -> None:
    session = fake.FakeSession()
    app = app_for(session)
    async with app.run_test(size=(160, 48)) as pilot:
        await fake.settle(pilot)
        screen = pilot.app.screen
        assert isinstance(screen, LiveScreen)
        shown = []
        show = screen._show

        async def counting(mail: Any) -> None:
            shown.append(mail)
            await show(mail)

        screen._show = counting  # type: ignore[method-assign]
        field = fake.field_seen()
        last = replace(fake.STREAMING, totals=SlideTotals("smear-12", 999, {CellClass.RBC: 54321}))
        burst = [replace(field, status=fake.STREAMING) for _ in range(999)] + [replace(field, status=last)]
        await asyncio.to_thread(session.play, *burst, *(Notice(Severity.INFO, str(number)) for number in range(1000)))
        await fake.settle(pilot)
        assert len(shown) <= 4
        assert shown[-1].status is last or shown[-2].status is last
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


async def test_choice_is_opened_by_number_and_by_enter() -> None:
    for keys in (["2"], ["down", "enter"]):
        opened: list[int] = []

        def open_session(index: int, opened: list[int] = opened) -> fake.FakeSession:
            opened.append(index)
            return fake.FakeSession()

        app = HemoCamApp(["USB", "Simulated"], open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
        async with app.run_test() as pilot:
            await pilot.pause()
            await pilot.press(*keys)
            await fake.settle(pilot)
            assert isinstance(app.screen, LiveScreen)
        assert opened == [1]


@pytest.mark.parametrize("choices", [("camera",), ("USB [x]", "simulated")])
async def test_error_on_opening_is_said_and_the_choice_offered_again(choices: tuple[str, ...]) -> None:
    tries: list[int] = []

    def open_session(index: int) -> fake.FakeSession:
        tries.append(index)
        if len(tries) == 1:
            raise OSError("/dev/video0 is busy [device]: close what uses it")
        return fake.FakeSession()

    app = HemoCamApp(choices, open_session, open_errors=(OSError,), picture=PictureKind.HALF_BLOCKS)
    async with app.run_test() as pilot:
        await pilot.pause()
        if len(choices) > 1:
            await pilot.press("1")
        await fake.settle(pilot)
        assert isinstance(app.screen, ChooseScreen)
        assert "is busy [device]: close what uses it" in str(app.screen.query_one("#message", Static).render())
        assert not app.screen.query_one(OptionList).disabled
        await pilot.press("enter")
        await fake.settle(pilot)
        assert isinstance(app.screen, LiveScreen)


async def test_session_that_opens_after_quitting_is_closed() -> None:
    session, go = fake.FakeSession(), Flag()

    def open_session(index: int) -> fake.FakeSession:
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
