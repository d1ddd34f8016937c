"""What the loop makes of frames, step by step; see test_loop_threads for the same with real threads."""

from __future__ import annotations

import pytest

from edge.record.jobs import KeepRefused
from edge.session.events import FieldSeen, Severity
from edge.session.ledger import FrameState, Ledger
from tests.edge.loop.loop_world import Shot, World, played, spots
from tests.edge.played.steps import (
    READY,
    give,
    infer,
    miss,
    nothing,
    record,
    spot,
)


def test_new_fields_are_counted_and_known_ones_are_not() -> None:
    world = played(*spot(1, 1, 2, 1, 3))
    assert spots(world) == [1, 2, 3]
    assert world.books.ledger == Ledger(5, counted=3, duplicate=2)


def test_a_field_is_told_as_counted_when_it_is_on_the_disk_and_in_hand_until_then() -> None:
    told: list[tuple[int, int]] = []

    def look(world: World) -> None:
        told.append((len(world.seen(FrameState.COUNTED)), world.loop.status.ledger.in_hand))

    world = played(give(Shot(1)), infer, look, nothing, look, record, look)
    assert told == [(0, 1), (0, 1), (1, 0)]
    assert world.seen(FrameState.COUNTED)[0].status.ledger.counted == 1
    assert world.seen(FrameState.COUNTED)[0].status.totals.fields == 1


def test_the_next_frame_is_judged_and_begun_while_the_last_is_counted() -> None:
    begun: list[tuple[int, int]] = []

    def look(world: World) -> None:
        begun.append((len(world.engine.begun), world.loop.status.ledger.in_hand))

    played(give(Shot(1)), look, give(Shot(2)), look, infer, look)
    assert begun == [(1, 1), (1, 2), (2, 2)]

    order: list[str] = []
    world = World([*READY, give(Shot(1)), give(Shot(2)), nothing, infer, nothing])
    begin = world.engine.begin
    world.engine.begin = lambda *task: (order.append("begun"), begin(*task))[1]  # type: ignore[method-assign, func-returns-value]
    counted = world.counter.counted
    world.counter.counted = lambda seen: (order.append("counted"), counted(seen))[1]  # type: ignore[method-assign]
    world.run()
    assert order[:3] == ["begun", "begun", "counted"]


def test_a_wrong_scale_is_looked_at_again_and_frames_keep_their_order() -> None:
    world = played(give(Shot(1, looks=1)), nothing, give(Shot(2)), infer, infer, infer, live=False)
    assert [(token, scale.cell_diameter_px) for token, scale in world.engine.begun] == [(1, 20.0), (2, 20.0), (1, 30.0)]
    assert spots(world) == [1, 2]
    assert played(give(Shot(1, looks=5)), live=False).books.ledger == Ledger(1, counted=1), "the last look is counted"


@pytest.mark.parametrize("shot", [Shot(1, readable=False), Shot(1, measurable=False)])
def test_what_cannot_be_read_or_measured_is_no_empty_field(shot: Shot) -> None:
    world = played(give(shot), infer, *spot(2))
    assert spots(world) == [2]
    (failed,) = world.seen(FrameState.FAILED)
    assert failed.count is None
    assert "frame 0" in world.said(Severity.WARNING)


def test_a_missed_inference_and_a_spoiled_frame_failed() -> None:
    world = played(give(Shot(1)), miss, give(None), nothing, *spot(2))
    assert world.books.ledger == Ledger(3, counted=1, failed=2)
    assert "truncated" in world.said(Severity.WARNING)


def test_a_refused_frame_says_why() -> None:
    world = played(give(Shot(1, fit=False)), nothing, *spot(1))
    assert world.books.rejections == {"defocused": 1}
    assert world.seen(FrameState.REJECTED)[0].verdict.advice == "turn the fine focus"  # type: ignore[union-attr]
    assert world.loop.status.quality is not None
    assert any(isinstance(job, KeepRefused) and job.reason == "defocused" for job in world.record.done)


def test_a_live_frame_that_a_slow_engine_holds_up_gives_way_to_a_newer_one() -> None:
    world = played(*[give(Shot(n)) for n in range(8)], infer, infer)
    begun = [world.engine.begun[n][0] for n in range(2)]
    assert begun[0] == 1
    assert world.books.ledger.captured == 8
    waited = [event.frame.sequence for event in world.seen(FrameState.COUNTED)]
    assert waited[0] == 0
    assert waited[1] >= 5  # the one that waited when the engine was free is at most 50 ms (3 frames) old


def test_a_rejected_frame_is_not_held_up_by_a_slow_engine_for_long() -> None:
    world = played(give(Shot(1)), give(Shot(2, fit=False)), *[nothing] * 3, give(Shot(3)), nothing, infer, infer)
    told = [(event.frame.sequence, event.state) for event in world.events if isinstance(event, FieldSeen)]
    assert told[:2] == [(1, FrameState.REJECTED), (0, FrameState.COUNTED)]


def test_a_finite_source_waits_for_a_slow_engine() -> None:
    world = played(*[give(Shot(n)) for n in range(8)], live=False)
    assert world.books.ledger.dropped == 0
    assert world.books.ledger.captured == world.camera.taken == len(spots(world))
