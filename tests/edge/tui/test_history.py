"""The history driven by its keys."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from threading import Event as Flag
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import OptionList, Static

from edge.session.history import FieldPicture, HistoryError, PastField
from edge.tui.app import HemoCamApp
from edge.tui.pictures.scene import PictureKind
from edge.tui.screens.confirm import ConfirmScreen
from edge.tui.screens.help import HelpScreen
from edge.tui.screens.history import HistoryScreen
from edge.tui.screens.live import LiveScreen
from edge.tui.screens.past import PastScreen
from edge.tui.screens.setup import SetupScreen
from edge.tui.widgets.counts import Counts
from edge.tui.widgets.numerals import tall
from edge.tui.widgets.past_facts import PastFacts, PastNotes
from edge.tui.widgets.picture import Picture
from edge.tui.widgets.rows import Rows
from edge.tui.widgets.title import SimulatedBanner
from edge.tui.widgets.verdict import VerdictLine

from . import fake_history
from . import fake_session as fake


def app_on(history: fake_history.FakeHistory | None) -> HemoCamApp:
    return HemoCamApp(
        ["camera"], lambda _: fake.FakeSession(), open_errors=(OSError,), history=history, picture=PictureKind.TEXT
    )


async def press(pilot: Pilot[Any], *keys: str) -> None:
    """One after another, each when the one before has done its work."""
    await fake.settle(pilot)
    for key in keys:
        await fake.press(pilot, key)


def line(pilot: Pilot[Any], widget: type[Rows]) -> str:
    return pilot.app.screen.query_one(widget).render().plain


def picture(pilot: Pilot[Any]) -> str:
    return "\n".join(strip.text for strip in pilot.app.screen.query_one(Picture)._strips)


async def test_arrows_go_through_the_fields() -> None:
    history = fake_history.FakeHistory()
    steps = {
        "": 1, "left": 1, "right": 2, "down": 3, "end": 4, "right right": 4, "end left": 3, "up": 2, "home": 1, "pagedown": 4,
        "pageup": 1,
    }  # fmt: skip
    async with app_on(history).run_test() as pilot:
        await press(pilot, "3", "enter")
        assert isinstance(pilot.app.screen, PastScreen)
        for keys, number in steps.items():
            await press(pilot, *keys.split())
            assert f"{number} of 4" in line(pilot, PastFacts), keys
            assert history.asked[-1] == number
            shown = line(pilot, Counts)
            field = fake_history.FIELDS[number - 1]
            assert all(part in shown for count in field.counts.values() for part in tall(str(count)))


async def test_undone_field_says_so_and_so_does_one_without_a_picture() -> None:
    async with app_on(fake_history.FakeHistory()).run_test() as pilot:
        await press(pilot, "3", "enter")
        assert "COUNTED" in line(pilot, VerdictLine)
        await press(pilot, "right")
        assert "UNDONE  in no total since 2026-11-20 09:39:00 UTC" in line(pilot, VerdictLine)
        assert " UNDONE " in picture(pilot)
        await press(pilot, "right")
        assert "its picture was deleted to make room, 2026-11-23" in line(pilot, VerdictLine)
        assert " NO PICTURE " in picture(pilot)
        assert "R" in picture(pilot).replace("NO PICTURE", ""), "the outlines stand without it"
        assert "not set when this was taken" in line(pilot, PastFacts)
        await press(pilot, "right")
        assert "rouleaux at the upper left" in line(pilot, PastNotes)


async def test_lost_outlines_are_said() -> None:
    history = fake_history.FakeHistory()
    async with app_on(history).run_test() as pilot:
        fields = list(fake_history.FIELDS)
        fields[0] = replace(fields[0], cells_lost={next(iter(fields[0].counts)): 5})
        history.fields = lambda _: tuple(fields)  # type: ignore[method-assign]
        await press(pilot, "3", "enter")
        assert "outlines of 5 red cells were lost" in line(pilot, VerdictLine)


async def test_simulated_session_is_marked_on_list_and_field() -> None:
    async with app_on(fake_history.FakeHistory()).run_test() as pilot:
        await press(pilot, "3")
        lines = [str(option.prompt) for option in pilot.app.screen.query_one(OptionList).options]
        assert ["SIMULATED" in each for each in lines] == [False, True, False]
        await press(pilot, "down", "enter")
        assert pilot.app.screen.query_one(SimulatedBanner).display
        assert picture(pilot).count(" SIMULATED ") == 2


async def test_session_without_a_field_says_so() -> None:
    async with app_on(fake_history.FakeHistory()).run_test() as pilot:
        await press(pilot, "3", "end", "enter")
        assert "NO FIELD" in line(pilot, VerdictLine)
        await press(pilot, "right", "end")
        assert "NO FIELD" in line(pilot, VerdictLine)


async def test_every_key_leads_somewhere() -> None:
    """One after another, each from where the one before led."""
    screens = {
        "3": HistoryScreen, "home": HistoryScreen, "end": HistoryScreen, "question_mark": HelpScreen, "escape": HistoryScreen,
        "q": ConfirmScreen, "n": HistoryScreen, "up enter": PastScreen, "2": LiveScreen, "3 question_mark": HelpScreen,
        "question_mark escape": HistoryScreen, "enter q": ConfirmScreen, "n 1": SetupScreen, "f3": PastScreen,
        "f1": SetupScreen, "3 escape": HistoryScreen, "1 ": SetupScreen, "3 escape ": LiveScreen,
    }  # fmt: skip
    async with app_on(fake_history.FakeHistory()).run_test() as pilot:
        for keys, screen in screens.items():
            await press(pilot, *keys.split())
            assert isinstance(pilot.app.screen, screen), keys


async def test_picture_is_back_after_a_question() -> None:
    async with app_on(fake_history.FakeHistory()).run_test() as pilot:
        await press(pilot, "3", "enter")
        before = picture(pilot)
        await press(pilot, "question_mark", "escape")
        assert picture(pilot) == before
        assert before.strip()


async def test_held_arrow_reads_the_field_that_is_wanted_last() -> None:
    """Not one after another of those that were passed."""
    history, slow, go = fake_history.FakeHistory(), Flag(), Flag()
    read = history.picture

    def slowly(field: PastField) -> FieldPicture:
        slow.set()
        assert go.wait(5)
        return read(field)

    async with app_on(history).run_test() as pilot:
        await press(pilot, "3", "enter")
        history.asked.clear()
        history.picture = slowly  # type: ignore[method-assign]
        await pilot.press("right")
        assert await asyncio.to_thread(slow.wait, 5)
        await pilot.press("right", "right")
        go.set()
        await fake.settle(pilot)
        assert history.asked == [2, 4]
        assert "4 of 4" in line(pilot, PastFacts)


async def test_new_sessions_come_in_above_the_one_that_was_looked_at() -> None:
    history = fake_history.FakeHistory()
    async with app_on(history).run_test() as pilot:
        await press(pilot, "3", "down", "2")
        newer = replace(fake_history.SESSION, id="2026-11-21-d4")
        history.past = (newer, *history.past)
        await press(pilot, "3")
        assert pilot.app.screen.query_one(OptionList).highlighted == 2


@pytest.mark.parametrize("at", ["sessions", "fields", "picture"])
async def test_error_is_said_and_the_program_goes_on(at: str) -> None:
    history = fake_history.FakeHistory()
    error = HistoryError("/record/hemocam.sqlite: the file is damaged; run `hemocam store repair`")
    async with app_on(history).run_test(size=(120, 30)) as pilot:
        await press(pilot, *{"sessions": [], "fields": ["3"], "picture": ["3", "enter"]}[at])
        history.error = error
        await press(pilot, *{"sessions": ["3"], "fields": ["enter"], "picture": ["right"]}[at])
        if at == "sessions":
            assert str(error) in str(pilot.app.screen.query_one("#message", Static).render())
        else:
            assert str(error) in line(pilot, VerdictLine)
        await press(pilot, "2", "3", "escape", "3")
        assert isinstance(pilot.app.screen, HistoryScreen | PastScreen | LiveScreen)


@pytest.mark.parametrize(("history", "said"), [(None, "no record"), (fake_history.FakeHistory(), "nothing was recorded yet")])
async def test_empty_history_says_so(history: fake_history.FakeHistory | None, said: str) -> None:
    if history is not None:
        history.past = ()
    async with app_on(history).run_test() as pilot:
        await press(pilot, "3", "enter")
        assert isinstance(pilot.app.screen, HistoryScreen)
        assert said in str(pilot.app.screen.query_one("#message", Static).render())
