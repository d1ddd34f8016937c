"""The sentence with a scripted camera and a network that knows the answer."""

from __future__ import annotations

import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from threading import Event as Flag
from threading import Thread, current_thread
from types import TracebackType
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from edge.cameras.camera import CameraInfo, CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.counting.cells import CellClass, Method
from edge.counting.counter import CountingPlan, FieldCounter
from edge.counting.coverage import Coverage
from edge.frame import Frame
from edge.loop import Loop, LoopPlan
from edge.optics.gate import Gate, GateSettings
from edge.optics.stillness import Stillness
from edge.recorder import Recorder, SaveImages
from edge.session import Event, FieldSeen, FinishReason, FrameState, Notice, Request, RunState, Severity, StatusChanged
from edge.storage.errors import StoreFull
from edge.storage.reader import StoreReader
from edge.storage.records import SessionState
from edge.storage.store import Store
from engines.contract import InferenceFailed, Tensor
from tests.edge.drawn import drawn_logits, opened
from tests.edge.fields import CARD, DIAMETER_PX, SHAPE, discs_of, pixels_of

BLACK = np.zeros((*SHAPE, 3), np.uint8)


@dataclass(frozen=True)
class Shot:
    """One frame that the camera gives. `what`: good, black, unreadable, failing (inference), nan; `drops` frames of a live
    camera pass unread before it; `noise` makes another picture of the same spot."""

    spot: int = 0
    what: str = "good"
    drops: int = 0
    noise: int = 0


@dataclass(frozen=True)
class Lost:
    """The camera stops."""


@dataclass(frozen=True)
class Broken:
    """A fault of the program itself."""


Step = Shot | Lost | Broken | Request | Callable[[], None]


class ScriptedCamera:
    """Plays a script; a request in it is put to the loop before the frame after it is given."""

    def __init__(self, script: Sequence[Step], live: bool) -> None:
        self._script, self._live = list(script), live
        self.ask: Callable[[Request], None] = lambda request: None
        self.shot = Shot()
        self.delivered, self.entered, self.exited, self.refused = 0, 0, 0, 0
        self.fails_to_open = 0
        self._sequence = self._dropped = 0

    @property
    def info(self) -> CameraInfo:
        return CameraInfo("scripted", "scripted", "microscope", self._live)

    @property
    def dropped(self) -> int:
        return self._dropped

    def __enter__(self) -> ScriptedCamera:
        if self.fails_to_open:
            self.fails_to_open -= 1
            self.refused += 1
            raise CameraNotFound("microscope: nothing is plugged in; plug it in")
        self.entered += 1
        self._sequence = self._dropped = 0
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.exited += 1

    def read(self, timeout_s: float) -> Frame:
        while self._script:
            step = self._script.pop(0)
            match step:
                case Request():
                    self.ask(step)
                case Lost():
                    raise CameraLost("microscope: unplugged; plug it in again")
                case Broken():
                    raise ZeroDivisionError("a fault of the program")
                case Shot():
                    return self._frame(step)
                case _:
                    step()
        if self._live:
            self.ask(Request.STOP)
            raise CameraLost("microscope: the script is over")
        raise EndOfFrames("microscope: the script is over")

    def _frame(self, shot: Shot) -> Frame:
        if shot.what == "unreadable":
            self.delivered += 1
            raise FrameUnreadable("0007.jpg: truncated")
        if self._live:
            self._dropped += shot.drops
            self._sequence += shot.drops
            self.delivered += shot.drops
        self.delivered += 1
        self.shot = shot
        frame = Frame(BLACK if shot.what == "black" else pixels_of(shot.spot, shot.noise), self._sequence, "scripted")
        self._sequence += 1
        return frame


class FullStore(Store):
    """The disk is full from the `good`th commit on."""

    good = 0

    def commit_field(self, *arguments: Any) -> Any:
        if self.good == 0:
            raise StoreFull("the disk is full; free some space")
        self.good -= 1
        return super().commit_field(*arguments)


class Bench:
    """A loop on a script, with all that it said."""

    def __init__(
        self, script: Sequence[Step], folder: Path, *, live: bool = False, auto: bool = True,
        store: Callable[[Path], Store] = Store, save: SaveImages = SaveImages.NONE, still: bool = False, **plan: Any,
    ) -> None:  # fmt: skip
        self.camera, self.folder, self.events = ScriptedCamera(script, live), folder, list[Event]()
        self.released: list[Thread] = []
        self._opened_store: Store | None = None
        model = opened(self._answer)
        self.loop = Loop(
            self.camera, Gate(GateSettings()), Stillness() if still else None,
            FieldCounter(model.engine, model.manifest, CountingPlan(cell_diameter_px=DIAMETER_PX)), Coverage(),
            lambda: self._recorder(store(folder), save), LoopPlan(auto, "drawn", "fake", **plan), self._release,
        )  # fmt: skip
        self.camera.ask = self.loop.request

    def _answer(self, tensor: Tensor) -> Tensor:
        shot = self.camera.shot
        if shot.what == "failing":
            raise InferenceFailed("out of memory")
        logits = drawn_logits(discs_of(shot.spot), tensor.shape, 1.0)
        return logits * np.float32("nan") if shot.what == "nan" else logits

    def _recorder(self, store: Store, save: SaveImages) -> Recorder:
        self._opened_store = store.__enter__()
        return Recorder(self._opened_store, CARD, save)

    def _release(self) -> None:
        self.released.append(current_thread())
        if self._opened_store is not None:
            self._opened_store.__exit__(None, None, None)

    def run(self) -> FinishReason:
        return self.loop.run(self.events.append)

    def seen(self, state: FrameState | None) -> list[FieldSeen]:
        return [event for event in self.events if isinstance(event, FieldSeen) and event.state is state]

    def said(self, severity: Severity) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Notice) and event.severity is severity)

    def states(self) -> list[RunState]:
        return [event.status.run_state for event in self.events if isinstance(event, StatusChanged)]

    def check_record(self, committed: Sequence[int] | None = None) -> None:
        """The ledger adds up, and the store says what the screen says. `committed` are the spots counted, in order."""
        status = self.loop.status
        assert status.ledger.captured == self.camera.delivered
        with StoreReader(self.folder) as reader:
            session = reader.latest_session()
            fields = reader.session_fields(session.id)
            totals = reader.totals(reader.slides(session.id)[-1].id)
            cells = [len(reader.cells(field.id)) for field in fields]
        assert session.id == status.session_id
        assert session.ledger.counted == len(fields) == status.ledger.counted == len(self.seen(FrameState.COUNTED))
        assert status.totals.fields == totals.fields
        assert {kind.value: number for kind, number in status.totals.cells.items()} == dict(totals.cells)
        assert cells == [len(event.count.cells) for event in self.seen(FrameState.COUNTED) if event.count is not None]
        if status.finish_reason not in (FinishReason.STORE_FAILED, FinishReason.FAILED):
            names = [state.value for state in FrameState]
            assert {name: getattr(session.ledger, name) for name in names} == {n: getattr(status.ledger, n) for n in names}
            assert (session.state, session.finish_reason) == (SessionState.FINISHED, status.finish_reason.value)
        if committed is not None:
            assert cells == [len(discs_of(spot)) for spot in committed]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


SHOTS = st.builds(
    Shot,
    spot=st.integers(0, 5),
    what=st.sampled_from(["good"] * 4 + ["black", "unreadable", "failing", "nan"]),
    drops=st.sampled_from([0, 0, 0, 1, 7]),
    noise=st.integers(0, 1),
)
ASKED = st.sampled_from(
    [
        Request.ACCEPT_FIELD, Request.ACCEPT_FIELD, Request.TOGGLE_AUTO, Request.TOGGLE_PAUSE, Request.NEW_SLIDE,
        Request.NEXT_METHOD, Request.SNAPSHOT, Request.STOP,
    ]
)  # fmt: skip


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(script=st.lists(st.one_of(SHOTS, SHOTS, ASKED, st.just(Lost())), max_size=14), live=st.booleans(), auto=st.booleans())
@example(script=[Shot(1), Request.ACCEPT_FIELD, Request.ACCEPT_FIELD, Shot(1), Shot(2)], live=False, auto=False)
@example(script=[Shot(1, drops=3), Lost(), Shot(1, drops=2), Request.NEW_SLIDE, Shot(1)], live=True, auto=True)
@example(script=[Shot(1), Request.TOGGLE_PAUSE, Shot(2), Shot(3), Lost(), Shot(4)], live=True, auto=False)
@example(script=[Shot(1, "nan"), Shot(1, "failing"), Shot(1, "unreadable"), Shot(1, "black")], live=False, auto=True)
def test_every_frame_ends_in_one_state_and_the_record_is_what_the_screen_says(
    script: list[Step], live: bool, auto: bool
) -> None:
    if not live:  # a paused finite source waits for the person, which no script can play; see below
        script = [step for step in script if step is not Request.TOGGLE_PAUSE]
    with tempfile.TemporaryDirectory() as name, pytest.MonkeyPatch.context() as patch:
        patch.setattr("edge.loop.REOPEN_AFTER_S", (0.0,))
        patch.setattr("edge.bookkeeping.WRITTEN_EVERY_S", 0.0)  # every number goes through the store's own checks
        bench = Bench(script, Path(name), live=live, auto=auto)
        reason = bench.run()
        bench.check_record()
    assert bench.loop.status.run_state is RunState.FINISHED
    assert reason is bench.loop.status.finish_reason
    assert bench.camera.entered == bench.camera.exited
    assert len(bench.released) == 1
    ends = Counter(id(event.frame) for event in bench.events if isinstance(event, FieldSeen) and event.state is not None)
    assert all(number == 1 for number in ends.values())
    assert all(event.count is None for state in (FrameState.FAILED, FrameState.REJECTED) for event in bench.seen(state))
    ledger = bench.loop.status.ledger
    assert ledger.rejected == len(bench.seen(FrameState.REJECTED))
    assert ledger.duplicate == len(bench.seen(FrameState.DUPLICATE))
    assert all(event.count is not None and event.count.cells for event in bench.seen(FrameState.COUNTED))


def test_new_fields_are_counted_and_known_ones_are_not(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(1, noise=1), Shot(2), Shot(1, noise=2), Shot(3), Shot(2, noise=1)], folder)
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 2, 3])
    assert bench.loop.status.ledger.duplicate == 3
    assert bench.loop.status.totals.cells[CellClass.RBC] == sum(len(discs_of(spot)) for spot in (1, 2, 3))


def test_what_is_counted_on_a_new_slide_is_its_own(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Request.NEW_SLIDE, Shot(1), Shot(1)], folder)
    bench.run()
    # A request is answered before the frame after the next is read: the second slide begins after the frame on the way.
    bench.check_record()
    assert bench.loop.status.totals.slide == "slide 2"
    with StoreReader(folder) as reader:
        slides = reader.slides(reader.latest_session().id)
        assert [(slide.name, reader.totals(slide.id).fields) for slide in slides] == [("slide 1", 2), ("slide 2", 1)]


def test_what_the_person_must_know_of_the_runtime_is_said_at_once(folder: Path) -> None:
    bench = Bench([Shot(1)], folder, notices=("tensorrt is not used: no GPU. Taking cpu",))
    bench.run()
    assert bench.said(Severity.WARNING) == "tensorrt is not used: no GPU. Taking cpu"
    first = next(event for event in bench.events if isinstance(event, Notice))
    assert bench.events.index(first) < min(bench.events.index(event) for event in bench.seen(FrameState.COUNTED))


@pytest.mark.parametrize("what", ["failing", "nan"])
def test_a_failed_inference_is_no_empty_field(what: str, folder: Path) -> None:
    bench = Bench([Shot(1, what), Shot(2)], folder)
    bench.run()
    bench.check_record(committed=[2])
    assert bench.loop.status.ledger.failed == 1
    (failed,) = bench.seen(FrameState.FAILED)
    assert failed.count is None
    assert "frame 0" in bench.said(Severity.WARNING)
    assert failed.status.totals.fields == 0


def test_an_empty_field_counts_zero(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.edge.test_loop.discs_of", lambda spot: ())
    bench = Bench([Shot(1)], folder)
    bench.run()
    bench.check_record(committed=[1])
    assert bench.loop.status.totals.fields == 1
    assert bench.loop.status.totals.cells[CellClass.RBC] == 0


def test_a_refused_frame_says_why_and_is_in_the_record(folder: Path) -> None:
    bench = Bench([Shot(1, "black"), Shot(1, "black"), Shot(1)], folder)
    bench.run()
    bench.check_record(committed=[1])
    with StoreReader(folder) as reader:
        assert dict(reader.latest_session().ledger.rejections) == {"black": 2}
    assert "lamp" in bench.seen(FrameState.REJECTED)[0].verdict.advice  # type: ignore[union-attr]  # it is Rejected


def test_a_moving_slide_is_not_counted(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(2), Shot(3), Shot(3)], folder, live=True, still=True)
    bench.run()
    bench.check_record(committed=[1, 2, 3])
    with StoreReader(folder) as reader:
        assert dict(reader.latest_session().ledger.rejections) == {"moving": 2}


def test_nothing_is_counted_that_nobody_accepted(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3)], folder, auto=False)
    bench.run()
    bench.check_record(committed=[])
    assert bench.loop.status.ledger.dropped == 3
    assert [event.count is not None for event in bench.seen(None)] == [True] * 3


def test_accept_commits_the_field_on_the_screen(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3)], folder, auto=False)

    def accept_the_second(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, FieldSeen) and event.state is None and bench.camera.shot.spot == 2:
            bench.loop.request(Request.ACCEPT_FIELD)

    assert bench.loop.run(accept_the_second) is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[2])
    (counted,) = bench.seen(FrameState.COUNTED)
    assert counted.count is not None
    assert set(counted.count.by_method[CellClass.RBC]) == set(Method)
    assert counted.status.totals.fields == 1


def test_accept_without_a_field_says_so(folder: Path) -> None:
    bench = Bench([Request.ACCEPT_FIELD, Shot(1, "black"), Shot(2)], folder, auto=False)
    bench.run()
    bench.check_record(committed=[])
    assert "no counted field" in bench.said(Severity.WARNING)


def test_what_was_accepted_before_a_stop_is_committed(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3)], folder, auto=False)

    def accept_and_leave(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, FieldSeen) and event.state is None:
            bench.loop.request(Request.ACCEPT_FIELD)
            bench.loop.close()

    assert bench.loop.run(accept_and_leave) is FinishReason.STOPPED
    bench.check_record(committed=[1])
    assert bench.camera.delivered == 1


def test_auto_begins_and_ends_when_asked(folder: Path) -> None:
    bench = Bench([Shot(1), Request.TOGGLE_AUTO, Shot(2), Shot(3), Request.TOGGLE_AUTO, Shot(4), Shot(5)], folder, auto=False)
    bench.run()
    bench.check_record(committed=[3, 4])


def test_a_session_ends_after_so_many_fields(folder: Path) -> None:
    bench = Bench([Shot(spot) for spot in (1, 1, 2, 3, 4)], folder, stop_after_fields=2)
    assert bench.run() is FinishReason.STOPPED
    bench.check_record(committed=[1, 2])
    assert bench.camera.delivered == 3


def test_a_session_ends_after_so_long(folder: Path) -> None:
    bench = Bench([Shot(1)], folder, stop_after_s=0.0)
    assert bench.run() is FinishReason.STOPPED
    bench.check_record(committed=[])


def test_fields_keep_their_interval(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2)], folder, interval_s=3600.0)
    bench.run()
    bench.check_record(committed=[])


def test_a_lost_camera_is_reopened_and_the_session_goes_on(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.loop.REOPEN_AFTER_S", (0.0, 0.0))
    bench = Bench([Shot(1, drops=2), Lost(), Shot(2, drops=1), Shot(1), Request.STOP, Shot(1)], folder, live=True)

    def replugged(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, StatusChanged) and event.status.run_state is RunState.LOST and not bench.camera.refused:
            bench.camera.fails_to_open = 2

    assert bench.loop.run(replugged) is FinishReason.STOPPED
    bench.check_record(committed=[1, 2])
    assert bench.camera.refused == 2
    assert bench.camera.entered == 2
    states = bench.states()
    assert states.index(RunState.LOST) < len(states) - 1 - states[::-1].index(RunState.STREAMING)
    assert "unplugged" in bench.said(Severity.ERROR)
    with StoreReader(folder) as reader:
        assert len(reader.sessions()) == 1


def test_pictures_of_a_reopened_camera_overwrite_none(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.loop.REOPEN_AFTER_S", (0.0,))
    bench = Bench([Shot(1), Lost(), Shot(2), Request.STOP, Shot(2)], folder, live=True, save=SaveImages.COUNTED)
    bench.run()
    with StoreReader(folder) as reader:
        images = [field.image for field in reader.session_fields(reader.latest_session().id)]
    assert len(set(images)) == 2
    assert all(image and (folder / image).is_file() for image in images)


def test_a_paused_session_is_still_paused_when_its_camera_is_back(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.loop.REOPEN_AFTER_S", (0.0,))
    bench = Bench([Request.TOGGLE_PAUSE, Shot(1), Shot(2), Lost(), Shot(3), Request.STOP, Shot(4)], folder, live=True)
    bench.run()
    assert bench.states() == [RunState.STREAMING, RunState.PAUSED, RunState.LOST, RunState.PAUSED, RunState.FINISHED]
    bench.check_record(committed=[1])
    assert bench.loop.status.ledger.dropped == 3


def test_a_camera_that_never_was_there_ends_the_session(folder: Path) -> None:
    bench = Bench([], folder, live=True)
    bench.camera.fails_to_open = 1
    assert bench.run() is FinishReason.CAMERA_LOST
    assert "plug it in" in bench.said(Severity.ERROR)
    bench.check_record(committed=[])


def test_a_finite_source_that_is_lost_ends_the_session(folder: Path) -> None:
    bench = Bench([Shot(1), Lost(), Shot(2)], folder)
    assert bench.run() is FinishReason.CAMERA_LOST
    bench.check_record(committed=[1])


@pytest.mark.parametrize("good", [0, 2])
def test_a_full_disk_ends_the_session_and_nothing_uncommitted_is_told(
    good: int, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FullStore, "good", good)
    bench = Bench([Shot(1), Shot(2), Shot(3), Shot(4)], folder, store=FullStore)
    assert bench.run() is FinishReason.STORE_FAILED
    bench.check_record(committed=[1, 2][:good])
    assert bench.loop.status.ledger.failed == 1
    assert "free some space" in bench.said(Severity.ERROR)
    assert bench.loop.status.totals.fields == good
    assert (bench.camera.exited, len(bench.released)) == (1, 1)
    with StoreReader(folder) as reader:
        assert reader.latest_session().state is SessionState.INTERRUPTED


def test_a_record_that_fails_with_a_field_on_the_screen_loses_no_frame(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> Any:
        raise StoreFull("the disk is full; free some space")

    monkeypatch.setattr(Store, "finish_session", full)
    bench = Bench([Shot(1)], folder, auto=False)
    assert bench.run() is FinishReason.STORE_FAILED
    assert bench.loop.status.ledger.captured == bench.camera.delivered == 1


def test_a_new_slide_that_fails_with_a_field_on_the_screen_loses_no_frame(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> Any:
        raise StoreFull("the disk is full; free some space")

    fills = lambda: monkeypatch.setattr(Store, "begin_slide", full)  # noqa: E731  # after the first slide
    bench = Bench([Shot(1), fills, Request.NEW_SLIDE, Shot(2), Shot(3)], folder, auto=False)
    assert bench.run() is FinishReason.STORE_FAILED
    assert bench.loop.status.ledger.dropped == bench.camera.delivered == 2


def test_a_record_that_cannot_be_opened_ends_the_session(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file, not a folder")
    bench = Bench([Shot(1)], tmp_path / "store")
    assert bench.run() is FinishReason.STORE_FAILED
    assert str(tmp_path / "store") in bench.said(Severity.ERROR)
    assert bench.camera.entered == 0
    assert len(bench.released) == 1


def test_a_fault_of_the_program_releases_everything(folder: Path) -> None:
    bench = Bench([Shot(1), Broken(), Shot(2)], folder)
    with pytest.raises(ZeroDivisionError):
        bench.run()
    status = bench.loop.status
    assert (status.run_state, status.finish_reason) == (RunState.FINISHED, FinishReason.FAILED)
    assert bench.states()[-1] is RunState.FINISHED
    assert (bench.camera.exited, len(bench.released)) == (1, 1)
    bench.check_record(committed=[1])
    with StoreReader(folder) as reader:
        assert reader.latest_session().state is SessionState.INTERRUPTED


def test_finished_is_told_even_where_releasing_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bench = Bench([Shot(1)], folder)

    def stuck() -> None:
        Bench._release(bench)
        raise StoreFull("the lock file cannot be removed")

    monkeypatch.setattr(bench.loop, "_release", stuck)
    with pytest.raises(StoreFull):
        bench.run()
    assert bench.states()[-1] is RunState.FINISHED


def test_a_paused_finite_source_loses_no_frame(folder: Path) -> None:
    waiting, again = Flag(), Flag()
    bench = Bench([Shot(1), Request.TOGGLE_PAUSE, Shot(2), again.set, Shot(3)], folder)

    def hear(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, StatusChanged) and event.status.run_state is RunState.PAUSED:
            waiting.set()

    bench.loop.start(hear)
    assert waiting.wait(30.0)
    assert not again.wait(0.2)  # several of the loop's waits: nothing is read meanwhile
    assert bench.camera.delivered == 2
    bench.loop.request(Request.TOGGLE_PAUSE)
    assert again.wait(30.0)
    bench.loop.close()
    bench.check_record()
    assert bench.loop.status.ledger.dropped == 0


def test_close_waits_until_everything_is_released_and_twice_does_no_harm(folder: Path) -> None:
    begun = Flag()
    bench = Bench([Shot(spot % 6) for spot in range(200)], folder, live=True)

    def hear(event: Event) -> None:
        bench.events.append(event)
        if isinstance(event, FieldSeen):
            begun.set()

    bench.loop.start(hear)
    assert begun.wait(30.0)
    for _ in range(2):
        bench.loop.close()
        assert bench.loop.status.finish_reason is FinishReason.STOPPED
    assert bench.camera.exited == 1
    assert [thread.name for thread in bench.released] == ["loop"]
    assert not bench.released[0].is_alive()
    bench.check_record()
    assert bench.camera.delivered < 200


def test_closing_what_never_began_does_no_harm(folder: Path) -> None:
    bench = Bench([], folder)
    bench.loop.close()
    assert bench.loop.status.run_state is RunState.OPENING


def test_status_says_what_it_runs_on(folder: Path) -> None:
    bench = Bench([Shot(1)], folder)
    bench.run()
    status = bench.loop.status
    assert (status.camera, status.model, status.runtime, status.simulated) == ("microscope", "drawn", "fake", False)
    assert status.scale is not None
    assert status.scale.cell_diameter_px == DIAMETER_PX
    assert status.focus is not None
    assert status.focus > 3.5


def test_snapshot_keeps_the_frame_and_says_where(folder: Path) -> None:
    bench = Bench([Request.SNAPSHOT, Shot(1), Shot(2)], folder, auto=False)
    bench.loop.request(Request.SNAPSHOT)
    bench.run()
    assert "no picture to keep" in bench.said(Severity.WARNING)
    assert len(list((folder / "snapshots").iterdir())) == 1
    assert "snapshots" in bench.said(Severity.INFO)


def test_all_pictures_are_kept_where_asked(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(1, "black"), Shot(2, "nan"), Shot(3)], folder, save=SaveImages.ALL)
    bench.run()
    words = Counter(path.name.split("-")[0] for path in folder.glob("images/*/*.jpg"))
    assert words == {"1": 2, "black": 1, "failed": 1}


def test_the_store_is_written_on_the_loops_thread(folder: Path) -> None:
    """SQLite refuses another thread, so that a session that was begun here is finished there only if nothing strays."""
    bench = Bench([Shot(1), Shot(2)], folder)
    bench.loop.start(bench.events.append)
    bench.loop.close()
    bench.check_record()
    with sqlite3.connect(folder / "hemocam.sqlite") as connection:
        assert connection.execute("SELECT finish_reason FROM session").fetchone()[0] in ("stopped", "end of frames")


def test_methods_go_round_while_counting(folder: Path) -> None:
    bench = Bench([Shot(1), Request.NEXT_METHOD, Shot(2), Shot(3)], folder)
    bench.run()
    with StoreReader(folder) as reader:
        methods = [field.methods["rbc"] for field in reader.session_fields(reader.latest_session().id)]
    assert methods == ["centres", "centres", "watershed"]
    assert replace(bench.loop.status).methods[CellClass.RBC] is Method.WATERSHED
