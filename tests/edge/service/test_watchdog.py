from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.service.watchdog import IDLE, Patience, Watchdog
from edge.session.ledger import Ledger
from edge.session.run_state import RunState
from tests.edge.service.statuses import status

PATIENCE = Patience(turn_s=10.0, frames_s=60.0, opening_s=600.0, finishing_s=120.0)


def watchdog() -> Watchdog:
    return Watchdog(PATIENCE, 0.0)


def test_frames_that_move_keep_it_fed() -> None:
    dog = watchdog()
    assert [dog.objection(status(captured=n, at_s=50.0 * n), 50.0 * n) for n in range(20)] == [None] * 20


def test_a_frame_that_only_ends_has_moved_too() -> None:
    dog = watchdog()
    assert dog.objection(status(captured=5, at_s=0.0), 0.0) is None
    ended = status(at_s=50.0, ledger=Ledger(captured=5, rejected=1))
    assert dog.objection(ended, 50.0) is None
    assert dog.objection(status(at_s=100.0, ledger=Ledger(captured=5, rejected=1)), 100.0) is None


def test_a_loop_that_stands_still_is_not_fed() -> None:
    dog = watchdog()
    assert dog.objection(status(captured=1, at_s=0.0), 10.0) is None
    objection = dog.objection(status(captured=1, at_s=0.0), 11.0)
    assert objection is not None
    assert "stood still for 11 s (streaming)" in objection


def test_a_loop_that_goes_round_without_a_frame_is_not_fed_for_ever() -> None:
    dog = watchdog()
    assert dog.objection(status(captured=3, at_s=0.0), 0.0) is None
    assert dog.objection(status(captured=3, at_s=60.0), 60.0) is None
    objection = dog.objection(status(captured=3, at_s=61.0), 61.0)
    assert objection is not None
    assert "no frame has moved for 61 s" in objection


@pytest.mark.parametrize("state", IDLE)
def test_an_honestly_idle_session_is_fed_while_its_loop_goes_round(state: RunState) -> None:
    dog = watchdog()
    for hour in range(24):
        assert dog.objection(status(state, at_s=3600.0 * hour), 3600.0 * hour) is None
    assert dog.objection(status(state, at_s=23 * 3600.0), 23 * 3600.0 + 11) is not None


def test_after_a_long_idle_the_camera_has_its_time_again() -> None:
    dog = watchdog()
    assert dog.objection(status(RunState.LOST, at_s=5000.0), 5000.0) is None
    assert dog.objection(status(at_s=5050.0), 5050.0) is None
    assert dog.objection(status(at_s=5061.0), 5061.0) is not None


def test_opening_may_last_but_not_for_ever() -> None:
    dog = watchdog()
    assert dog.objection(status(RunState.OPENING, at_s=0.0), 0.0) is None
    assert dog.objection(status(RunState.OPENING, at_s=600.0), 600.0) is None
    assert "it has been opening for 601 s" in str(dog.objection(status(RunState.OPENING, at_s=601.0), 601.0))


def test_a_loop_that_hangs_while_it_opens_is_seen() -> None:
    dog = watchdog()
    assert dog.objection(status(RunState.OPENING, at_s=0.0), 0.0) is None
    assert "stood still for 11 s (opening)" in str(dog.objection(status(RunState.OPENING, at_s=0.0), 11.0))


@pytest.mark.parametrize("state", [RunState.FINISHING, RunState.FINISHED])
def test_the_end_may_last_but_not_for_ever(state: RunState) -> None:
    dog = watchdog()
    # The loop joins its threads: its turns say nothing.
    assert dog.objection(status(state, at_s=0.0), 0.0) is None
    assert dog.objection(status(state, at_s=0.0), 120.0) is None
    assert f"it has been {state.value} for 121 s" in str(dog.objection(status(state, at_s=0.0), 121.0))


def test_each_state_has_its_own_time() -> None:
    dog = watchdog()
    assert dog.objection(status(RunState.OPENING), 0.0) is None
    assert dog.objection(status(captured=1, at_s=599.0), 599.0) is None
    assert dog.objection(status(RunState.FINISHING, at_s=0.0), 650.0) is None
    assert dog.objection(status(RunState.FINISHING, at_s=0.0), 760.0) is None


STEPS = st.lists(
    st.tuples(
        st.floats(0.1, 40.0), st.sampled_from(list(RunState)), st.integers(0, 3), st.floats(0.0, 30.0)
    ), min_size=1, max_size=60,
)  # fmt: skip


@given(STEPS)
def test_it_is_never_fed_where_neither_frames_nor_an_idle_loop_move(steps: list[tuple[float, RunState, int, float]]) -> None:
    """Against the rule in other words: the longest that a hang can be fed is known for every state."""
    dog = watchdog()
    now_s = entered_s = moved_s = 0.0
    captured, before = 0, None
    for passed_s, state, frames, age_s in steps:
        now_s += passed_s
        captured += frames
        if state is not before:
            entered_s = now_s
        if frames or state is not RunState.STREAMING or before is None:
            moved_s = now_s
        before = state
        objection = dog.objection(status(state, captured=captured, at_s=now_s - age_s), now_s)
        turns = now_s - (now_s - age_s) <= 10.0
        if state in (RunState.FINISHING, RunState.FINISHED):
            assert (objection is None) == (now_s - entered_s <= 120.0)
        elif state is RunState.OPENING:
            assert (objection is None) == (turns and now_s - entered_s <= 600.0)
        else:
            moves = state in IDLE or now_s - moved_s <= 60.0
            assert (objection is None) == (turns and moves)
