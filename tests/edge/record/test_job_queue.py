"""What waits, and what goes where too much waits."""

from __future__ import annotations

from threading import Thread
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.record.job_queue import MOST_SMALL, OVERSHOOT, JobQueue
from edge.record.jobs import CommitField, Job, KeepRefused, NoteEvent, UndoField, WriteLedger
from edge.session.wishes import AddNote
from tests.edge.fields import QUALITY, count_of, frame_at

FRAME = frame_at(1)


def field(token: int) -> CommitField:
    return CommitField(token, FRAME, cast(Any, None), count_of(()), QUALITY, 1.0)


def test_jobs_come_out_as_they_went_in() -> None:
    queue = JobQueue(4)
    jobs: list[Job] = [field(1), UndoField(), AddNote("n"), field(2)]
    assert [queue.put(job) for job in jobs] == [None] * 4
    assert [queue.take(0.0) for _ in range(5)] == [*jobs, None]


def test_it_is_full_with_what_is_in_work() -> None:
    queue = JobQueue(2)
    queue.put(field(1))
    queue.put(AddNote("small ones do not fill it"))
    assert not queue.full
    queue.put(KeepRefused(FRAME, "black"))
    assert queue.full
    queue.take(0.0)
    assert queue.full
    assert not queue.idle
    queue.done()
    assert not queue.full


def test_fields_on_the_way_are_taken_and_a_loop_at_fault_is_not() -> None:
    queue = JobQueue(2)
    gone = [queue.put(field(token)) for token in range(2 + OVERSHOOT + 1)]
    assert [job for job in gone if job is not None] == [gone[-1]]
    assert cast(CommitField, gone[-1]).token == 2 + OVERSHOOT


def test_refused_frames_go_first() -> None:
    queue = JobQueue(2)
    jobs = [KeepRefused(FRAME, "black") for _ in range(3)]
    assert [queue.put(job) for job in jobs] == [None, None, jobs[2]]


def test_one_ledger_stands_for_all() -> None:
    queue = JobQueue(2)
    for _ in range(3 * MOST_SMALL):
        assert queue.put(WriteLedger()) is None
    assert isinstance(queue.take(0.0), WriteLedger)
    queue.done()
    assert queue.idle


def test_the_oldest_event_makes_room_for_a_persons_words() -> None:
    queue = JobQueue(2)
    events = [NoteEvent("state", str(number)) for number in range(MOST_SMALL)]
    assert [queue.put(event) for event in events] == [None] * MOST_SMALL
    note = AddNote("thick")
    assert queue.put(note) is events[0]
    assert queue.put(NoteEvent("state", "newer")) is events[1]
    taken = [queue.take(0.0) for _ in range(MOST_SMALL)]
    assert taken[:-2] == events[2:]
    assert taken[-2] is note


def test_small_jobs_are_bounded() -> None:
    queue = JobQueue(2)
    notes = [AddNote(str(number)) for number in range(MOST_SMALL + 1)]
    assert [queue.put(note) for note in notes] == [None] * MOST_SMALL + [notes[-1]]


def test_a_closing_queue_gives_what_it_has_and_takes_no_more() -> None:
    queue = JobQueue(2)
    queue.put(field(1))
    queue.close()
    late = field(2)
    assert queue.put(late) is late
    assert cast(CommitField, queue.take(1000.0)).token == 1
    assert queue.take(1000.0) is None
    assert queue.closing


def test_closing_ends_a_wait() -> None:
    queue = JobQueue(2)
    waiting = Thread(target=queue.wait_closing, args=(1000.0,))
    waiting.start()
    queue.close()
    waiting.join(30.0)
    assert not waiting.is_alive()


def test_draining_gives_the_job_in_work_first() -> None:
    queue = JobQueue(4)
    for token in range(3):
        queue.put(field(token))
    queue.take(0.0)
    assert [cast(CommitField, job).token for job in queue.drain()] == [0, 1, 2]
    assert queue.idle


@given(st.lists(st.sampled_from(["field", "refused", "event", "note", "ledger", "take", "done"])), st.integers(1, 4))
def test_nothing_vanishes_and_the_bounds_hold(steps: list[str], capacity: int) -> None:
    queue, given_in, out = JobQueue(capacity), 0, 0
    made: dict[str, Any] = {
        "field": lambda: field(0), "refused": lambda: KeepRefused(FRAME, "x"), "event": lambda: NoteEvent("a", "b"),
        "note": lambda: AddNote("c"), "ledger": WriteLedger,
    }  # fmt: skip
    ledgers = 0
    for step in steps:
        if step == "take":
            out += queue.take(0.0) is not None
        elif step == "done":
            queue.done()
        elif step == "ledger":
            queue.put(WriteLedger())
            ledgers += 1
        else:
            given_in += 1
            out += queue.put(made[step]()) is not None
    queue.done()
    left = queue.drain()
    assert sum(isinstance(one, CommitField | KeepRefused) for one in left) <= capacity + OVERSHOOT
    assert sum(isinstance(one, WriteLedger) for one in left) <= 1
    assert given_in <= out + len(left) <= given_in + ledgers


@pytest.mark.parametrize("job", [UndoField(), AddNote("n"), WriteLedger()])
def test_a_taken_job_is_in_work_until_it_is_done(job: Job) -> None:
    queue = JobQueue(1)
    queue.put(job)
    queue.take(0.0)
    assert not queue.idle
    queue.done()
    assert queue.idle
