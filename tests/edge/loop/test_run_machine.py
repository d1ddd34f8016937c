"""Every way from state to state, and no other."""

from __future__ import annotations

import pytest

from edge.loop.run_machine import EFFECTS, STATE_OF, TRANSITIONS, Cause, Happening, RunMachine
from edge.session.run_state import RunState


def machine_with(causes: frozenset[Cause]) -> RunMachine:
    machine = RunMachine()
    machine._why = dict.fromkeys(causes, "")
    return machine


def explored() -> dict[tuple[RunState, RunState], set[Happening]]:
    """All that can happen in every set of causes that a session can come to, from its beginning."""
    found: dict[tuple[RunState, RunState], set[Happening]] = {}
    known, new = set[frozenset[Cause]](), {RunMachine().causes}
    while new:
        causes = new.pop()
        known.add(causes)
        for happening in Happening:
            machine = machine_with(causes)
            before = machine.state
            try:
                machine.happen(happening)
            except ValueError:
                assert machine.causes == causes, "what is refused changes nothing"
                continue
            if machine.state is not before:
                found.setdefault((before, machine.state), set()).add(happening)
            if machine.causes not in known:
                new.add(machine.causes)
    return found


FOUND = explored()


def test_the_table_is_what_can_happen_no_less_and_no_more() -> None:
    assert set(FOUND) == {(before, after) for before, afters in TRANSITIONS.items() for after in afters}


def test_every_happening_moves_the_machine_somewhere() -> None:
    assert set().union(*FOUND.values()) == set(Happening)


def test_a_finished_session_stays_finished() -> None:
    machine = machine_with(frozenset({Cause.ENDING, Cause.ENDED}))
    for happening in Happening:
        machine.happen(happening)
        assert machine.state is RunState.FINISHED


def test_a_session_is_not_finished_before_it_is_finishing() -> None:
    machine = RunMachine()
    with pytest.raises(ValueError, match="cannot go on as ended"):
        machine.happen(Happening.ENDED)
    machine.happen(Happening.ENDING)
    assert machine.happen(Happening.ENDED)
    assert not machine.happen(Happening.ENDED)


@pytest.mark.parametrize("cause", list(Cause), ids=lambda cause: cause.value)
def test_each_cause_alone_shows_its_state_and_says_why(cause: Cause) -> None:
    machine = machine_with(frozenset({cause}))
    assert machine.state is STATE_OF[cause]
    machine._why[cause] = "because"
    assert machine.detail == "because"


def test_the_most_severe_is_shown_and_all_are_said() -> None:
    machine = machine_with(frozenset())
    assert (machine.state, machine.detail) == (RunState.STREAMING, "")
    machine.happen(Happening.PAUSED)
    machine.happen(Happening.DISK_FULL, "10 MB are free")
    machine.happen(Happening.RECORD_WAITS, "the record waits")
    machine.happen(Happening.CAMERA_GONE, "unplugged")
    assert (machine.state, machine.detail) == (RunState.LOST, "unplugged; the record waits; 10 MB are free")
    states = []
    for happening in (
        Happening.CAMERA_OPENED,
        Happening.FRAME_CAME,
        Happening.RECORD_BACK,
        Happening.DISK_FREED,
        Happening.RESUMED,
    ):
        machine.happen(happening)
        states.append(machine.state)
    assert states == [RunState.RECOVERING, RunState.RECOVERING, RunState.PAUSED, RunState.PAUSED, RunState.STREAMING]


def test_only_what_shows_is_news() -> None:
    machine = machine_with(frozenset())
    assert not machine.happen(Happening.FRAME_CAME)
    assert machine.happen(Happening.RECORD_WAITS, "tried again in 1 s")
    assert machine.happen(Happening.RECORD_WAITS, "tried again in 2 s")
    assert not machine.happen(Happening.RECORD_WAITS, "tried again in 2 s")


def test_every_cause_has_a_state_and_every_happening_an_effect() -> None:
    assert set(STATE_OF) == set(Cause)
    assert set(EFFECTS) == set(Happening)
    assert set(TRANSITIONS) == set(RunState)
    severity = [STATE_OF[cause] for cause in Cause]
    assert severity == sorted(severity, key=list(dict.fromkeys(severity)).index), "causes of one state stand together"
