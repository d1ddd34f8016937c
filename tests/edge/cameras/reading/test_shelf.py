"""Frames that wait, and what happens to those for which there is no room."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from edge.cameras.camera import CameraLost, FrameUnreadable
from edge.cameras.reading.news import CameraGone, CameraOpened, CaptureNews, FrameArrived, FrameSpoiled
from edge.cameras.reading.shelf import MOST_STATES, FrameShelf, Overflow
from tests.edge.cameras.scripted_camera import frame


def gone() -> CameraGone:
    return CameraGone(CameraLost("unplugged"), 1.0)


def all_of(shelf: FrameShelf) -> list[CaptureNews]:
    found = []
    while (news := shelf.take()) is not None:
        found.append(news)
    return found


def test_the_newest_frame_takes_the_place_of_the_one_that_nobody_took() -> None:
    shelf = FrameShelf(Overflow.NEWEST_WINS, 1)
    opened, lost, frames = CameraOpened(), gone(), [FrameArrived(frame(number)) for number in range(4)]
    shelf.tell(opened)
    shelf.lay(frames[0])
    shelf.lay(frames[1])
    shelf.tell(lost)
    assert all_of(shelf) == [opened, frames[1], lost], "a frame from before a loss comes before it"
    shelf.lay(frames[2])
    shelf.tell(lost)
    shelf.lay(frames[3])
    assert all_of(shelf) == [lost, frames[3]]
    assert (shelf.taken, shelf.dropped, shelf.waiting) == (2, 2, 0)


def test_a_source_that_waits_is_not_overrun() -> None:
    shelf = FrameShelf(Overflow.SOURCE_WAITS, 2)
    spoiled = FrameSpoiled(FrameUnreadable("torn.png"))
    shelf.lay(FrameArrived(frame(0)))
    assert not shelf.full
    shelf.lay(spoiled)
    assert shelf.full
    with pytest.raises(OverflowError, match="full"):
        shelf.lay(spoiled)
    shelf.take()
    assert shelf.take() is spoiled
    assert (shelf.taken, shelf.dropped, shelf.waiting) == (2, 0, 0)


def test_what_waits_at_the_end_is_dropped_by_a_device_and_still_there_in_a_file() -> None:
    for overflow, dropped in ((Overflow.NEWEST_WINS, 1), (Overflow.SOURCE_WAITS, 0)):
        shelf = FrameShelf(overflow, 1)
        shelf.lay(FrameArrived(frame(0)))
        shelf.clear()
        assert (shelf.take(), shelf.dropped, shelf.waiting) == (None, dropped, 0)


def test_states_that_nobody_asks_for_do_not_pile_up_and_the_newest_stay(caplog: pytest.LogCaptureFixture) -> None:
    shelf = FrameShelf(Overflow.NEWEST_WINS, 1)
    told = [gone() for _ in range(3 * MOST_STATES)]
    with caplog.at_level(logging.WARNING):
        for state in told:
            shelf.lay(FrameArrived(frame(0)))
            shelf.tell(state)
    states = [news for news in all_of(shelf) if isinstance(news, CameraGone)]
    assert all(one is other for one, other in zip(states, told[-MOST_STATES:], strict=True))
    assert "nobody asked" in caplog.text


class ShelfMachine(RuleBasedStateMachine):
    """Any order of laying, telling and taking, against a plain list."""

    overflow, room = Overflow.NEWEST_WINS, 1

    def __init__(self) -> None:
        super().__init__()
        self.shelf = FrameShelf(self.overflow, self.room)
        self.laid = 0
        self.expected: list[CaptureNews] = []
        self.last_taken = -1

    @precondition(lambda self: self.overflow is Overflow.NEWEST_WINS or not self.shelf.full)
    @rule(spoiled=st.booleans())
    def lay(self, spoiled: bool) -> None:
        waiting = [news for news in self.expected if isinstance(news, FrameArrived | FrameSpoiled)]
        if len(waiting) == self.room:
            self.expected = [news for news in self.expected if news is not waiting[0]]
        delivery = FrameSpoiled(FrameUnreadable("torn")) if spoiled else FrameArrived(frame(self.laid))
        self.laid += 1
        self.shelf.lay(delivery)
        self.expected.append(delivery)

    @precondition(lambda self: len(self.expected) < MOST_STATES)
    @rule()
    def tell(self) -> None:
        self.expected.append(gone())
        self.shelf.tell(self.expected[-1])

    @rule()
    def take(self) -> None:
        taken = self.shelf.take()
        assert taken is (self.expected.pop(0) if self.expected else None)
        if isinstance(taken, FrameArrived):
            assert taken.frame.sequence > self.last_taken
            self.last_taken = taken.frame.sequence

    @invariant()
    def all_that_was_laid_is_somewhere(self) -> None:
        shelf = self.shelf
        assert self.laid == shelf.taken + shelf.dropped + shelf.waiting
        assert shelf.waiting <= self.room
        assert self.overflow is Overflow.NEWEST_WINS or shelf.dropped == 0


class WaitingShelfMachine(ShelfMachine):
    overflow, room = Overflow.SOURCE_WAITS, 2


TestNewestWins = ShelfMachine.TestCase
TestSourceWaits = WaitingShelfMachine.TestCase


@given(st.integers(1, 5))
def test_room_is_room(room: int) -> None:
    shelf = FrameShelf(Overflow.NEWEST_WINS, room)
    for number in range(10):
        shelf.lay(FrameArrived(frame(number)))
    assert [news.frame.sequence for news in all_of(shelf) if isinstance(news, FrameArrived)] == list(range(10 - room, 10))
