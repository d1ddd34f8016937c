"""What a session says that it does, step by step."""

from __future__ import annotations

import pytest

from edge.loop.loop import Loop
from edge.record.jobs import CommitField, NoteClockJump, NoteEvent, WriteLedger
from edge.record.news import Resumed
from edge.session.events import DiskLevel, Severity, StatusChanged
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import RunState
from edge.session.wishes import NewSlide
from tests.edge.loop.loop_world import Row, Shot, Step, World, played, spots
from tests.edge.played.steps import (
    PAUSE,
    READY,
    STOP,
    UNDO,
    ask,
    clock,
    disk,
    engine,
    give,
    infer,
    lost,
    nothing,
    opened,
    passed_over,
    record,
    repair,
    second,
    spot,
    waits,
)


def test_the_states_of_a_quiet_session() -> None:
    world = played(*spot(1))
    assert world.states() == ["opening", "streaming", "finishing", "finished"]
    notes = [job.text for job in world.record.done if isinstance(job, NoteEvent)]
    assert [text.split(":")[0] for text in notes] == ["streaming", "finishing"]


def test_opening_says_what_it_waits_for() -> None:
    details: list[str] = []
    look: Step = lambda world: details.append(world.loop.status.detail)  # noqa: E731
    World([look, opened, look, nothing, look, give(Shot(1)), engine, nothing, look]).run()
    assert details == [
        "opening the record; opening the camera; opening the engine",
        "opening the camera; opening the engine",
        "opening the camera; opening the engine",
        "",
    ]


def test_a_lost_camera_is_waited_for_and_the_session_goes_on() -> None:
    world = played(*spot(1), lost, nothing, nothing, *spot(2))
    assert world.states() == ["opening", "streaming", "lost", "recovering", "streaming", "finishing", "finished"]
    assert spots(world) == [1, 2]
    lost_status = next(
        event.status for event in world.events if isinstance(event, StatusChanged) and event.status.run_state is RunState.LOST
    )
    assert "unplugged; tried again in" in lost_status.detail
    assert world.said(Severity.ERROR) == "microscope: unplugged"


def test_a_camera_that_stays_away_is_told_once() -> None:
    world = played(*spot(1), lost, nothing, lost, nothing, lost, nothing, *spot(2), lost)
    assert world.said(Severity.ERROR).count("unplugged") == 2


def test_a_paused_session_is_still_paused_when_its_camera_is_back() -> None:
    world = played(*spot(1), PAUSE, lost, nothing, give(Shot(2)), nothing, STOP)
    assert world.states() == ["opening", "streaming", "paused", "lost", "recovering", "paused", "finishing", "finished"]
    assert spots(world) == [1]


def test_an_engine_that_is_repaired_shows_the_picture_but_no_count() -> None:
    world = played(*spot(1), give(Shot(2)), repair, *[give(Shot(n)) for n in range(3, 12)], engine, nothing, *spot(2))
    assert "recovering" in world.states()
    assert world.loop.status.runtime == "played"
    dropped = world.seen(FrameState.DROPPED)
    assert dropped
    assert all(event.count is None for event in dropped)
    assert "3 frames in a row" in world.said(Severity.WARNING)
    assert 2 in spots(world)


def test_a_record_that_waits_is_told_and_takes_what_it_can() -> None:
    world = played(give(Shot(1)), infer, nothing, waits, nothing, waits, nothing, record, nothing)
    assert world.states() == ["opening", "streaming", "recovering", "streaming", "finishing", "finished"]
    assert world.said(Severity.ERROR).count("the record waits") == 1
    assert spots(world) == [1]


def test_behind_a_slow_record_no_frame_is_taken_of_a_file_and_a_camera_drops_openly() -> None:
    script = [step for n in range(8) for step in (give(Shot(n)), infer, nothing)]
    finite = played(*script, second, nothing, nothing, *[record] * 8, live=False)
    assert finite.books.ledger.dropped == 0
    assert len(spots(finite)) == finite.books.ledger.captured
    assert "recovering" in finite.states()
    assert any("slow" in event.status.detail for event in finite.events if isinstance(event, StatusChanged))
    assert finite.states().index("recovering") < len(finite.states()) - finite.states()[::-1].index("streaming")
    live = played(*script, *[record] * 8)
    assert live.books.ledger == Ledger(8, counted=4 + len(spots(live)) - 4, dropped=8 - len(spots(live)))
    assert len(spots(live)) < 8


def test_it_is_told_apart_whether_the_disk_or_the_processor_is_slow() -> None:
    def methods_slow(world: World) -> None:
        world.record.methods_slow = True

    script = [step for n in range(8) for step in (give(Shot(n)), infer, nothing)]
    said = {
        slow: [
            event.status.detail for event in world.events if isinstance(event, StatusChanged) and "slow" in event.status.detail
        ]
        for slow, world in {
            "the record": played(*script, second, nothing, nothing, *[record] * 8, live=False),
            "comparing the methods": played(methods_slow, *script, second, nothing, nothing, *[record] * 8, live=False),
        }.items()
    }
    assert all(details and all(detail.startswith(slow) for detail in details) for slow, details in said.items())


def test_a_full_disk_pauses_the_intake_and_records_what_was_accepted() -> None:
    world = played(
        *spot(1), give(Shot(2)), infer, disk(DiskLevel.FULL), nothing, give(Shot(3)), record, infer, give(Shot(4)), nothing,
        disk(DiskLevel.OK), nothing, *spot(5),
    )  # fmt: skip
    assert spots(world) == [1, 2, 5]
    assert "paused" in world.states()
    assert "10 MB are free" in world.said(Severity.ERROR)
    assert world.loop.status.disk is not None
    assert world.loop.status.disk.level is DiskLevel.OK


def test_a_low_disk_is_told_and_the_session_goes_on() -> None:
    world = played(disk(DiskLevel.LOW), nothing, disk(DiskLevel.LOW), *spot(1))
    assert world.said(Severity.WARNING).count("old pictures are dropped") == 1
    assert spots(world) == [1]


def test_the_wall_clock_is_noted_and_not_obeyed() -> None:
    world = played(*spot(1), clock, second, nothing, nothing, record, plan={"stop_after_s": 3600.0})
    assert any(isinstance(job, NoteClockJump) for job in world.record.done)
    assert "set forward by 86400 s" in world.said(Severity.WARNING)


def test_frames_that_were_not_counted_reach_the_record_in_time() -> None:
    world = played(give(Shot(1, fit=False)), nothing, second, second, nothing, record, record, give(Shot(1, fit=False)))
    assert sum(isinstance(job, WriteLedger) for job in world.record.done) >= 1


def test_what_a_device_passed_over_is_dropped_openly() -> None:
    world = played(passed_over, *spot(1), lost, nothing, passed_over, *spot(2))
    assert world.books.ledger == Ledger(8, counted=2, dropped=6)


def test_a_resumed_session_knows_its_fields() -> None:
    resumed = Resumed(Ledger(5, counted=2, rejected=3), {"black": 3}, (bytes([1]), None))
    world = World(
        [*READY, *spot(1, 2), UNDO, UNDO, UNDO, *[record] * 3, *spot(1)], resumed=resumed, rows=[Row(0, 1, 1), Row(0, 1, 7)]
    )
    world.run()
    assert spots(world) == []
    assert world.books.ledger == Ledger(8, duplicate=1, rejected=6, dropped=1)
    assert "goes on" in world.said(Severity.INFO)


def test_a_slide_asked_for_before_the_record_is_open_is_new_also_in_a_resumed_session() -> None:
    resumed = Resumed(Ledger(1, counted=1), {}, (bytes([1]),))
    world = World([ask(NewSlide()), nothing, *READY, record, *spot(1)], resumed=resumed, rows=[Row(0, 1, 1)])
    world.run()
    assert spots(world) == [1, 1]
    assert world.books.ledger == Ledger(2, counted=2)


def test_what_the_person_must_know_of_the_runtime_is_said_at_once() -> None:
    world = played(plan={"notices": ("tensorrt is not used: no GPU. Taking cpu",)})
    assert world.said(Severity.WARNING) == "tensorrt is not used: no GPU. Taking cpu"


def test_the_status_is_fresh_whenever_the_loop_turns() -> None:
    world = played(*spot(1), nothing, nothing)
    turned: list[float] = []
    world = World([*READY, *[lambda world: turned.append(world.loop.status.turned_s - world.now_s)] * 5])
    world.run()
    assert all(-0.25 <= late <= 0.0 for late in turned)


def test_the_rate_is_that_of_the_last_frames_and_none_where_none_come() -> None:
    rates: list[float] = []
    look: Step = lambda world: rates.append(world.loop.status.frames_per_s)  # noqa: E731
    played(*[give(Shot(n)) for n in range(10)], look, second, second, nothing, look)
    assert rates[0] > 5.0
    assert rates[1] == 0.0


def test_closing_what_never_began_releases_it() -> None:
    world = World([])
    for _ in range(2):
        world.loop.close()
    assert (world.camera.closed, world.engine.closed, world.record.closed) == (True, True, True)
    assert world.loop.status.run_state is RunState.FINISHED
    with pytest.raises(RuntimeError, match="make another"):
        world.loop.start(world.events.append)


def test_the_commit_has_what_the_record_needs() -> None:
    world = played(give(Shot(3)), infer, record)
    (job,) = (job for job in world.record.done if isinstance(job, CommitField))
    assert (job.engine, job.view) == ("played stamp", bytes([3]))
    assert job.latency_ms == pytest.approx(world.seen(FrameState.COUNTED)[0].status.latency_ms)
    assert isinstance(world.loop, Loop)
