"""The sentence with its real threads and a real store; what is decided when is in test_loop."""

from __future__ import annotations

import signal
from pathlib import Path
from threading import Event as Flag
from threading import active_count
from threading import enumerate as threads
from typing import Any

import pytest

from edge.counting.cell import CellClass, Method
from edge.record.settings import SaveImages
from edge.record.store.reader import StoreReader
from edge.session.events import Event, FieldSeen, Severity, StatusChanged
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason, RunState
from edge.session.wishes import AddNote, Request
from tests.edge.fields import DIAMETER_PX, discs_of
from tests.edge.loop.loop_bench import WAIT_S, Bench, Lost, Shot


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


def test_new_fields_are_counted_and_known_ones_are_not(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(1, noise=1), Shot(2), Shot(1, noise=2), Shot(3), Shot(2, noise=1)], folder)
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 2, 3])
    assert bench.loop.status.ledger.captured == bench.camera.delivered == 6
    assert bench.loop.status.ledger.duplicate == 3
    assert bench.loop.status.totals.cells[CellClass.RBC] == sum(len(discs_of(spot)) for spot in (1, 2, 3))
    assert all(
        set(event.count.by_method[CellClass.RBC]) == set(Method) for event in bench.seen(FrameState.COUNTED) if event.count
    )


@pytest.mark.parametrize("what", ["failing", "nan", "unreadable"])
def test_a_failed_inference_is_no_empty_field(what: str, folder: Path) -> None:
    bench = Bench([Shot(1, what), Shot(2)], folder)
    bench.run()
    bench.check_record(committed=[2])
    assert bench.loop.status.ledger.failed == 1
    assert all(event.count is None for event in bench.seen(FrameState.FAILED))
    assert bench.said(Severity.WARNING)


def test_an_empty_field_counts_zero(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.edge.loop.loop_bench.discs_of", lambda spot: ())
    bench = Bench([Shot(1)], folder)
    bench.run()
    bench.check_record(committed=[1])
    assert bench.loop.status.totals.fields == 1
    assert bench.loop.status.totals.cells[CellClass.RBC] == 0


def test_an_engine_that_fails_is_replaced_and_the_session_goes_on(folder: Path) -> None:
    bench = Bench([Shot(1), *[Shot(2, "nan")] * 3, Shot(3)], folder, spares=1)
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 3])
    assert bench.loop.status.ledger.failed == 3
    assert RunState.RECOVERING in bench.states()
    assert "opening another" in bench.said(Severity.WARNING)


def test_without_another_engine_the_session_ends_and_says_so(folder: Path) -> None:
    bench = Bench([Shot(1), *[Shot(2, "failing")] * 3, Shot(3)], folder)
    assert bench.run() is FinishReason.ENGINE_FAILED
    bench.check_record(committed=[1])
    assert "none is left" in bench.said(Severity.ERROR)


def test_a_refused_frame_says_why_and_is_in_the_record(folder: Path) -> None:
    bench = Bench([Shot(1, "black"), Shot(1, "black"), Shot(1)], folder)
    bench.run()
    bench.check_record(committed=[1])
    with StoreReader(folder) as reader:
        assert dict(reader.latest_session().ledger.rejections) == {"black": 2}
    assert "lamp" in bench.seen(FrameState.REJECTED)[0].verdict.advice  # type: ignore[union-attr]  # it is Rejected


def test_a_moving_slide_is_not_counted(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(2, noise=1), Shot(3), Shot(3, noise=1)], folder, live=True, still=True)
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 2, 3])
    with StoreReader(folder) as reader:
        assert dict(reader.latest_session().ledger.rejections) == {"moving": 2}


def test_accept_commits_the_field_on_the_screen_and_undo_takes_it_out(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3)], folder, auto=False)

    def face(event: Event) -> None:
        if isinstance(event, FieldSeen) and event.state is None and bench.camera.given[id(event.frame.pixels)].spot in (2, 3):
            bench.loop.request(Request.ACCEPT_FIELD)
            bench.loop.request(AddNote(f"spot {bench.camera.given[id(event.frame.pixels)].spot}"))
        if isinstance(event, FieldSeen) and event.state is FrameState.COUNTED and event.status.totals.fields == 2:
            bench.loop.request(Request.UNDO_FIELD)

    assert bench.run(face) is FinishReason.END_OF_FRAMES
    assert bench.loop.status.totals.fields == 1
    with StoreReader(folder) as reader:
        session = reader.latest_session()
        fields = reader.session_fields(session.id)
        assert len(fields) == bench.loop.status.totals.fields == session.ledger.counted
        assert [note.text for note in reader.notes(session.id)] == ["spot 2", "spot 3"]


def test_a_lost_camera_is_reopened_and_the_session_goes_on(folder: Path) -> None:
    script = [Shot(1, drops=2), Lost(refuses=2), Shot(2, drops=1), Shot(1)]
    bench = Bench(script, folder, live=True, save=SaveImages.COUNTED)
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 2])
    assert bench.loop.status.ledger.captured == bench.camera.delivered
    assert bench.loop.status.ledger.dropped == 3
    assert (bench.camera.refused, bench.camera.entered, bench.camera.exited) == (2, 2, 2)
    assert [state for state in bench.states() if state in (RunState.LOST, RunState.RECOVERING)]
    assert "unplugged" in bench.said(Severity.ERROR)
    with StoreReader(folder) as reader:
        assert len(reader.sessions()) == 1
        images = [field.image for field in reader.session_fields(reader.latest_session().id)]
    assert len(set(images)) == 2
    assert all(image and (folder / image).is_file() for image in images)


def test_close_waits_until_everything_is_released_and_twice_does_no_harm(folder: Path) -> None:
    begun, before = Flag(), active_count()
    bench = Bench([Shot(spot % 6) for spot in range(200)], folder, live=True)

    def hear(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, FieldSeen):
            begun.set()

    bench.loop.start(hear)
    with pytest.raises(RuntimeError, match="once"):
        bench.loop.start(hear)
    assert begun.wait(WAIT_S)
    for _ in range(2):
        bench.loop.close()
        assert bench.loop.status.finish_reason is FinishReason.STOPPED
    assert (bench.camera.entered, bench.camera.exited) == (1, 1)
    assert active_count() == before, threads()
    bench.check_record()
    assert bench.loop.status.ledger.captured == bench.camera.delivered < 200


def test_closing_what_never_began_releases_the_engine(folder: Path) -> None:
    bench = Bench([], folder)
    bench.loop.close()
    assert bench.engines.closed == 1
    assert bench.loop.status.run_state is RunState.FINISHED


def test_a_session_that_fails_on_its_own_thread_says_so(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    over = Flag()
    bench = Bench([Shot(1), Shot(2)], folder)

    def fault(*_: Any) -> Any:
        raise ZeroDivisionError("a fault of the program")

    def face(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, StatusChanged) and event.status.run_state is RunState.FINISHED:
            over.set()

    monkeypatch.setattr(bench.loop._judge, "verdict", fault)
    bench.loop.start(face)
    assert over.wait(WAIT_S)
    bench.loop.close()
    assert bench.loop.status.finish_reason is FinishReason.FAILED
    assert "The log says why" in bench.said(Severity.ERROR)
    assert bench.loop.status.ledger.in_hand == 0


def test_status_says_what_it_runs_on(folder: Path) -> None:
    bench = Bench([Shot(1)], folder)
    bench.run()
    status = bench.loop.status
    assert (status.camera, status.model, status.simulated, status.specimen) == ("microscope", "drawn", False, "S-17")
    assert status.runtime == bench.engines.first().engine.runtime
    assert status.scale is not None
    assert status.scale.cell_diameter_px == DIAMETER_PX
    assert status.quality is not None
    assert status.quality.focus > 3.5
    assert status.latency_ms > 0
    assert status.disk is not None


def test_methods_go_round_while_counting(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3), Shot(4)], folder, one_by_one=True)

    def face(event: Event) -> None:
        if isinstance(event, FieldSeen) and event.frame.sequence == 0:
            bench.loop.request(Request.NEXT_METHOD)

    bench.run(face)
    with StoreReader(folder) as reader:
        methods = [field.methods["rbc"] for field in reader.session_fields(reader.latest_session().id)]
    assert methods == ["centres", "watershed", "watershed", "watershed"]
    assert bench.loop.status.methods[CellClass.RBC] is Method.WATERSHED


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="this system has no timers that signal")
def test_a_signals_handler_may_ask_at_any_moment(folder: Path) -> None:
    """It runs on the loop's own thread, also while that holds the bell's lock: then ringing would wait for ever."""
    bench = Bench([Shot(spot % 6, noise=spot) for spot in range(60)], folder)
    before = signal.signal(signal.SIGALRM, lambda *_: bench.loop.request(Request.TOGGLE_AUTO))
    signal.setitimer(signal.ITIMER_REAL, 0.0005, 0.0005)
    try:
        assert bench.run() is FinishReason.END_OF_FRAMES
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    bench.check_record()
    assert bench.loop.status.ledger.captured == 60


def test_stop_in_a_handler_ends_the_session(folder: Path) -> None:
    bench = Bench([Shot(spot % 6) for spot in range(2000)], folder)
    before = signal.signal(signal.SIGALRM, lambda *_: bench.loop.request(Request.STOP))
    signal.setitimer(signal.ITIMER_REAL, 0.2)
    try:
        assert bench.run() is FinishReason.STOPPED
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)
    bench.check_record()
