"""What a person asks of the loop, step by step."""

from __future__ import annotations

from edge.session.events import Event, FieldSeen, Severity
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import FinishReason
from edge.session.wishes import AddNote, NewSlide, Request
from tests.edge.loop.loop_world import Shot, Step, World, played, spots
from tests.edge.played.steps import (
    ACCEPT,
    AUTO,
    PAUSE,
    READY,
    UNDO,
    ask,
    ends,
    give,
    infer,
    loses,
    lost,
    nothing,
    record,
    spot,
)


def test_nothing_is_counted_that_nobody_accepted() -> None:
    world = played(*spot(1, 2, 3), auto=False)
    assert spots(world) == []
    assert world.books.ledger == Ledger(3, dropped=3)
    assert [event.count is not None for event in world.seen(None)] == [True] * 3


def test_accept_commits_the_field_on_the_screen() -> None:
    world = played(*spot(1, 2), ACCEPT, record, *spot(3), auto=False)
    assert spots(world) == [2]
    assert world.seen(FrameState.COUNTED)[0].status.totals.fields == 1


def test_accept_without_a_field_says_so() -> None:
    world = played(ACCEPT, give(Shot(1, fit=False)), ACCEPT, nothing, auto=False)
    assert world.said(Severity.INFO).count("no counted field") == 2


def test_a_field_is_accepted_once() -> None:
    world = played(*spot(1), ACCEPT, ACCEPT, record, auto=False)
    assert spots(world) == [1]
    assert "no counted field" in world.said(Severity.INFO)


def test_what_was_accepted_before_a_stop_is_committed() -> None:
    world = played(
        give(Shot(1)), infer, nothing, lambda world: (world.ask(Request.ACCEPT_FIELD), world.loop.close()), auto=False
    )
    assert spots(world) == [1]
    assert world.loop.status.finish_reason is FinishReason.STOPPED


def test_what_is_asked_on_the_last_picture_of_a_folder_is_done() -> None:
    world = World([*READY, give(Shot(1)), ends, infer], live=False, auto=False)

    def hear(event: Event) -> None:
        world.events.append(event)
        if isinstance(event, FieldSeen) and event.state is None:
            world.ask(Request.ACCEPT_FIELD)

    assert world.loop.run(hear) is FinishReason.END_OF_FRAMES
    world.check(at_end=True)
    assert spots(world) == [1]


def test_auto_begins_and_ends_when_asked() -> None:
    world = played(*spot(1), AUTO, nothing, *spot(2, 3), AUTO, nothing, *spot(4), auto=False)
    assert spots(world) == [2, 3]


def test_undo_takes_the_last_field_out_and_auto_does_not_count_it_again() -> None:
    world = played(*spot(1, 2), UNDO, record, *spot(2, 1, 2))
    assert spots(world) == [1]
    assert "field 2 is undone" in world.said(Severity.INFO)
    assert world.books.rejections == {"undone": 1}
    assert world.loop.status.totals.fields == 1
    assert len(world.seen(None)) == 2  # it may be accepted by hand


def test_an_undone_field_may_be_accepted_by_hand_once() -> None:
    world = played(*spot(1), UNDO, record, *spot(1), ACCEPT, record, *spot(1))
    assert spots(world) == [1]
    assert world.books.ledger == Ledger(3, counted=1, duplicate=1, rejected=1)


def test_undo_of_a_field_that_is_still_on_its_way_to_the_disk() -> None:
    world = played(give(Shot(1)), infer, nothing, UNDO, nothing, record, record)
    assert spots(world) == []
    assert world.books.ledger == Ledger(1, rejected=1)


def test_undo_without_a_field_says_so() -> None:
    assert "no field to undo" in played(UNDO, record, record).said(Severity.INFO)


def test_what_is_counted_on_a_new_slide_is_its_own() -> None:
    world = played(*spot(1, 2), ask(NewSlide("S-2")), nothing, record, *spot(1, 1))
    assert [(row.slide, row.spot) for row in world.record.kept] == [(1, 1), (1, 2), (2, 1)]
    assert (world.loop.status.totals.slide, world.loop.status.specimen) == ("slide 2", "S-2")
    assert "slide 2 begun, S-2" in world.said(Severity.INFO)


def test_a_live_frame_of_the_slide_before_is_on_no_slide() -> None:
    world = played(*spot(1), give(Shot(2)), ask(NewSlide()), infer, record, *spot(3))
    assert [(row.slide, row.spot) for row in world.record.kept] == [(1, 1), (2, 3)]
    waiting: Step = lambda world: (world.camera.give(Shot(2)), world.ask(NewSlide()))  # noqa: E731  # nobody has taken it yet
    assert [(row.slide, row.spot) for row in played(*spot(1), waiting, nothing, *spot(3)).record.kept] == [(1, 1), (2, 3)]


def test_the_frames_of_a_finite_source_on_their_way_are_of_the_slide_before() -> None:
    world = played(give(Shot(1)), give(Shot(2)), ask(NewSlide()), nothing, infer, infer, give(Shot(3)), infer, live=False)
    assert [(row.slide, row.spot) for row in world.record.kept] == [(1, 1), (1, 2), (2, 3)]
    assert world.books.ledger.dropped == 0


def test_a_field_on_the_screen_is_not_accepted_on_the_next_slide() -> None:
    world = played(*spot(1), ask(NewSlide()), ACCEPT, nothing, auto=False)
    assert spots(world) == []
    # A file's frame that comes through after the wish was shown meanwhile, and is not either.
    script = [give(Shot(1)), ask(NewSlide()), infer, nothing, ACCEPT]
    assert spots(played(*script, live=False, auto=False)) == []


def test_a_commit_that_fails_after_a_new_slide_was_begun_leaves_that_one_alone() -> None:
    world = played(give(Shot(1)), infer, nothing, ask(NewSlide()), nothing, loses, record, *spot(2, 1, 2))
    assert [(row.slide, row.spot) for row in world.record.kept] == [(2, 2), (2, 1)]


def test_notes_snapshots_and_methods_are_answered() -> None:
    world = played(
        ask(Request.SNAPSHOT), *spot(1), ask(Request.SNAPSHOT), ask(AddNote("a fold")), ask(Request.NEXT_METHOD), record, record
    )
    assert "no picture to keep" in world.said(Severity.INFO)
    assert "a fold" in world.said(Severity.INFO)
    assert "red cells are now counted by" in world.said(Severity.INFO)
    assert sum(type(job).__name__ == "KeepSnapshot" for job in world.record.done) == 1


def test_a_pause_drops_live_frames_openly_and_keeps_the_field_on_the_screen() -> None:
    world = played(*spot(1), PAUSE, give(Shot(2)), give(Shot(3)), ACCEPT, record, PAUSE, nothing, *spot(4), auto=False)
    assert spots(world) == [1]
    assert world.books.ledger.dropped == 3
    assert "paused" in world.states()


def test_a_paused_finite_source_loses_no_frame() -> None:
    taken: list[int] = []
    world = played(
        *spot(1), PAUSE, give(Shot(2)), nothing, nothing, lambda world: taken.append(world.camera.taken), PAUSE, nothing, infer,
        live=False,
    )  # fmt: skip
    assert taken == [1]
    assert spots(world) == [1, 2]


def test_requests_are_answered_while_the_camera_is_lost() -> None:
    answered: list[str] = []
    played(
        *spot(1), lost, ask(AddNote("unplugged by the cleaner")), nothing, record, nothing,
        lambda world: answered.append(world.said(Severity.INFO) + world.loop.status.run_state.value),
    )  # fmt: skip
    assert answered == ["note kept: unplugged by the cleanerlost"]
