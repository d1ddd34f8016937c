"""How a session ends, step by step."""

from __future__ import annotations

import pytest

from edge.session.events import Event, FieldSeen, Severity, StatusChanged
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import FinishReason, RunState
from tests.edge.loop.loop_world import Shot, World, played, spots
from tests.edge.played.steps import (
    READY,
    STOP,
    ends,
    fails,
    give,
    gone,
    infer,
    loses,
    lost,
    nothing,
    record,
    second,
    spot,
    unplugged,
    waits,
)


def test_a_session_ends_after_so_many_fields_and_accepts_no_more() -> None:
    world = played(*[give(Shot(n)) for n in range(3)], infer, infer, infer, nothing, plan={"stop_after_fields": 2})
    assert world.loop.status.finish_reason is FinishReason.STOPPED
    assert len(spots(world)) == 2
    fewer = played(*spot(1), give(Shot(2)), infer, nothing, loses, *spot(3), plan={"stop_after_fields": 2})
    assert spots(fewer) == [1, 3]  # a lost field is none of them


def test_a_session_ends_after_so_long() -> None:
    world = played(*spot(1), second, *spot(2), plan={"stop_after_s": 1.0})
    assert world.loop.status.finish_reason is FinishReason.STOPPED
    assert spots(world) == [1]


def test_fields_keep_their_interval() -> None:
    assert spots(played(*spot(1, 2), second, *spot(3, 4), plan={"interval_s": 1.0})) == [3]


def test_a_camera_that_never_was_there_ends_the_session() -> None:
    world = played(nothing, unplugged)
    assert world.loop.status.finish_reason is FinishReason.CAMERA_LOST
    assert "no such device" in world.said(Severity.ERROR)


def test_a_finite_source_that_breaks_off_ends_the_session_after_what_came_before() -> None:
    world = played(give(Shot(1)), give(Shot(2)), lost, infer, infer, live=False)
    assert world.loop.status.finish_reason is FinishReason.CAMERA_LOST
    assert spots(world) == [1, 2]


def test_a_record_that_cannot_be_opened_ends_the_session_before_the_camera_is_opened() -> None:
    world = World([fails])
    assert world.run() is FinishReason.STORE_FAILED
    assert not world.camera.started


def test_a_record_that_fails_ends_the_session_and_loses_no_frame() -> None:
    world = played(*spot(1), give(Shot(2)), infer, nothing, fails, auto=True)
    assert world.loop.status.finish_reason is FinishReason.STORE_FAILED
    assert world.books.ledger == Ledger(2, counted=1, failed=1)
    assert "disk I/O error" in world.said(Severity.ERROR)
    assert world.seen(FrameState.FAILED)[0].count is None


def test_a_field_that_is_accepted_as_the_record_fails_failed_once() -> None:
    world = played(give(Shot(1)), lambda world: (world.record.fail(), world.engine.finish()))
    assert world.books.ledger == Ledger(1, failed=1)


def test_a_folder_is_not_done_before_its_last_field_is_recorded() -> None:
    states: list[str] = []
    world = played(
        give(Shot(1)), ends, infer, nothing, waits, nothing, lambda world: states.append(world.loop.status.run_state.value),
        record, live=False,
    )  # fmt: skip
    assert states == ["recovering"]
    assert spots(world) == [1]
    assert world.loop.status.finish_reason is FinishReason.END_OF_FRAMES


def test_an_engine_that_is_gone_ends_the_session() -> None:
    world = played(*spot(1), give(Shot(2)), gone)
    assert world.loop.status.finish_reason is FinishReason.ENGINE_FAILED
    assert "none is left" in world.said(Severity.ERROR)
    assert spots(world) == [1]


def test_a_fault_of_the_program_releases_everything() -> None:
    world = World([*READY, *spot(1), give(Shot(2)), infer, give(Shot(3))])

    def broken(*_: object) -> None:
        raise ZeroDivisionError("a fault of the program")

    world.coverage.view = lambda pixels: broken() if len(world.record.rows) else b""  # type: ignore[method-assign, func-returns-value, return-value]
    with pytest.raises(ZeroDivisionError):
        world.loop.run(world.events.append)
    status = world.loop.status
    assert (status.run_state, status.finish_reason) == (RunState.FINISHED, FinishReason.FAILED)
    assert (status.ledger.in_hand, status.ledger.counted) == (0, 1)
    assert world.camera.closed
    assert world.engine.closed
    assert world.record.closed


def test_a_face_that_fails_does_not_keep_the_session_from_being_closed() -> None:
    world = World([*READY, *spot(1)])

    def face(event: Event) -> None:
        if isinstance(event, FieldSeen):
            raise RuntimeError("a fault of the screen")

    with pytest.raises(RuntimeError, match="screen"):
        world.loop.run(face)
    assert world.loop.status.run_state is RunState.FINISHED
    assert world.books.ledger.in_hand == 0


def test_finished_is_told_even_where_releasing_fails() -> None:
    world = World([*READY])

    def stuck() -> None:
        raise OSError("cannot be removed")

    world.engine.close = stuck  # type: ignore[method-assign]
    with pytest.raises(OSError, match="removed"):
        world.loop.run(world.events.append)
    assert isinstance(world.events[-1], StatusChanged)
    assert world.events[-1].status.run_state is RunState.FINISHED


def test_a_record_that_never_answers_is_given_up_and_its_fields_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World([*READY, give(Shot(1)), infer, nothing, STOP, *[second] * 70])
    monkeypatch.setattr(world.record, "work", lambda: None)
    assert world.loop.run(world.events.append) is FinishReason.STOPPED
    assert world.books.ledger == Ledger(1, failed=1)
