"""A camera that hangs, fails, vanishes and comes back, on real threads."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from itertools import cycle
from threading import Event, Thread
from threading import enumerate as threads
from time import monotonic
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cameras.camera import CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.reading.backoff import Backoff
from edge.cameras.reading.capture import (
    STUCK_S,
    CameraEnded,
    CameraGone,
    CameraOpened,
    Capture,
    CaptureNews,
    FrameArrived,
    FrameSpoiled,
)
from edge.cameras.reading.reader import SPOILED_IN_A_ROW
from tests.edge.cameras.scripted_camera import PATIENCE_S, Gate, Hang, ScriptedCamera, Watched

AT_ONCE = Backoff(0.0, 0.0)
LOST = CameraLost("scripted camera: unplugged")
NOT_FOUND = CameraNotFound("scripted camera: no such device")
END = EndOfFrames("all were read")
TORN = FrameUnreadable("torn.png: truncated")
# By a clock that stands still but in a hang; it is looked at this often.
QUICK = {"read_timeout_s": 0.002, "release_timeout_s": 0.002, "open_timeout_s": 0.004}


def of_capture() -> list[Thread]:
    return [thread for thread in threads() if thread.name.startswith(("reader of", "keeper of"))]


@pytest.fixture(autouse=True)
def no_thread_outlives_a_test() -> Iterator[None]:
    yield
    for thread in of_capture():
        thread.join(PATIENCE_S)
    assert not of_capture()


def watched(*cameras: ScriptedCamera, **options: Any) -> Watched:
    return Watched(cameras, **{"backoff": AT_ONCE, **QUICK, **options})


def numbers(news: list[CaptureNews]) -> list[int]:
    return [one.frame.sequence for one in news if isinstance(one, FrameArrived)]


def test_the_camera_is_known_before_it_is_opened() -> None:
    camera = ScriptedCamera()
    capture = Capture(lambda: camera, lambda: None)
    assert capture.info.name == "scripted camera"
    assert camera.entered == 0
    assert capture.take() is None
    capture.close()
    capture.close()
    assert camera.entered == 0, "closed before it began: nothing was opened"


def test_a_live_camera_keeps_the_newest_frame_and_counts_the_others() -> None:
    camera = ScriptedCamera([0, 0, 3, Gate()])
    with watched(camera) as seen:
        assert camera.hangs[0].entered.wait(PATIENCE_S)
        assert isinstance(seen.next(), CameraOpened)
        assert numbers([seen.next()]) == [5]
        assert seen.capture.take() is None
        assert seen.capture.dropped == 5
        camera.steps.append(LOST)
        camera.hangs[0].freed.set()
        assert numbers(seen.until(CameraGone)) == [6]
        assert seen.capture.dropped == 5


def test_a_finite_source_gives_each_frame_once_and_waits_for_its_reader() -> None:
    camera = ScriptedCamera([*[0] * 20, TORN, 0, END], live=False)
    with watched(camera) as seen:
        assert isinstance(seen.next(), CameraOpened)
        found: list[CaptureNews] = []
        while not found or not isinstance(found[-1], CameraEnded):
            found.append(seen.next())
            assert camera.reads <= len(found) + 3, "two wait, one is being read"
        assert numbers(found) == list(range(21))
        assert [type(news) for news in found[20:]] == [FrameSpoiled, FrameArrived, CameraEnded]
        assert seen.capture.dropped == 0
        assert camera.released.is_set()


def test_a_finite_source_that_is_not_read_on_is_let_go() -> None:
    fourth = Event()  # one is taken, two wait, and the fourth has no room
    camera = ScriptedCamera([0, 0, 0, fourth.set, *[0] * 20], live=False)
    seen = watched(camera)
    with seen:
        seen.until(FrameArrived)
        assert fourth.wait(PATIENCE_S)
        Event().wait(0.01)  # it goes on to wait for room; where it has not yet, this shows less
    assert camera.exits == 1
    assert camera.reads <= 4
    assert seen.capture.take() is None
    assert seen.capture.dropped == 0, "what was not taken is still in the folder"


def test_a_lost_camera_is_opened_again_and_its_numbers_go_on() -> None:
    camera = ScriptedCamera([2, LOST, 0, 1, LOST, 0])
    with watched(camera) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert gone.error is LOST
        assert gone.retry_in_s == 0.0
        assert camera.idle.wait(PATIENCE_S)
        seen.until(FrameArrived)
        while numbers(seen.news)[-1] < 6:
            seen.until(FrameArrived)
    # 0, 1 dropped; 2 read; 3 read; 4 dropped; 5 read; 6 read.
    assert sorted(set(numbers(seen.news)) | {2, 3, 5, 6}) == [2, 3, 5, 6]
    assert len(numbers(seen.news)) + seen.capture.dropped == 7
    assert (camera.entered, len(seen.made)) == (3, 1), "the same object: it knows its device by the name that survives"


def test_a_camera_that_was_never_there_is_final_but_one_that_vanished_is_waited_for() -> None:
    with watched(ScriptedCamera(opening=NOT_FOUND)) as seen:
        gone = seen.next()
        assert isinstance(gone, CameraGone)
        assert gone.retry_in_s is None

    def unplug() -> None:
        camera.opening = NOT_FOUND
        raise LOST

    camera = ScriptedCamera([0, unplug, 0])
    with watched(camera) as seen:
        for _ in range(4):
            gone = seen.until(CameraGone)[-1]
            assert isinstance(gone, CameraGone)
            assert gone.retry_in_s is not None
        camera.opening = None  # plugged in again
        seen.until(CameraOpened)
        seen.until(FrameArrived)
        assert numbers(seen.news) == [0, 1]


def test_a_finite_source_that_breaks_off_is_final() -> None:
    with watched(ScriptedCamera([0, LOST, 0], live=False)) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert gone.retry_in_s is None
        assert numbers(seen.news) == [0]


def test_a_hung_read_is_abandoned_and_what_it_gives_later_is_ignored(caplog: pytest.LogCaptureFixture) -> None:
    first, second = ScriptedCamera([0, Hang()]), ScriptedCamera([0, Gate(), 0, LOST])
    with caplog.at_level(logging.WARNING), watched(first, second) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert "hangs in reading and was abandoned" in str(gone.error)
        seen.until(CameraOpened)
        assert first.exits == 0
        assert len(seen.made) == 2, "what hangs is not opened again"
        first.hangs[0].freed.set()
        assert first.released.wait(PATIENCE_S), "its own thread releases it"
        second.hangs[0].freed.set()
        seen.until(CameraGone)
        assert first.given == 2
        assert numbers(seen.news) == sorted(set(numbers(seen.news)))
        assert len(numbers(seen.news)) + seen.capture.dropped == 1 + 3, "the frame that came back late is in no sum"
    assert "was abandoned" in caplog.text
    assert "has returned, and the camera was released" in caplog.text


@pytest.mark.parametrize("where", ["opening", "closing"])
def test_a_hung_opening_or_release_is_abandoned_too(where: str) -> None:
    hang = Hang()
    first = ScriptedCamera([LOST], opening=hang) if where == "opening" else ScriptedCamera([LOST], closing=hang)
    second = ScriptedCamera([0])
    with watched(first, second) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert f"hangs in {where}" in str(gone.error)
        seen.until(FrameArrived)
        assert seen.made == [first, second]
        hang.freed.set()
        assert first.released.wait(PATIENCE_S)


def test_a_device_that_always_hangs_does_not_collect_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """And is tried again when one of its calls has come back."""
    monkeypatch.setattr("edge.cameras.reading.capture.MOST_HUNG", 3)
    cameras = [ScriptedCamera([Hang()]) for _ in range(3)]
    well = ScriptedCamera([0])
    with watched(*cameras, well) as seen:
        retries_s = [news.retry_in_s for _ in range(3) if isinstance(news := seen.until(CameraGone)[-1], CameraGone)]
        assert retries_s == [0.0, 0.0, STUCK_S]
        assert "3 calls hang in its driver: restart" in str(seen.news[-1])
        assert len(seen.made) == 3
        cameras[1].hangs[0].freed.set()
        seen.until(FrameArrived)
        assert seen.made == [*cameras, well]


def test_a_stuck_driver_is_tried_again_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    """As a camera that was plugged in elsewhere may work although the calls on the old one never return."""
    monkeypatch.setattr("edge.cameras.reading.capture.MOST_HUNG", 1)
    monkeypatch.setattr("edge.cameras.reading.capture.STUCK_S", 0.01)
    stuck, well = ScriptedCamera([Hang()]), ScriptedCamera([0])
    with watched(stuck, well) as seen:
        seen.until(FrameArrived)
        assert stuck.exits == 0


def test_closing_does_not_wait_for_a_hung_read(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([0, Hang()])
    seen = watched(camera, read_timeout_s=600.0, clock=monotonic)
    seen.capture.start()
    assert camera.hangs[0].entered.wait(PATIENCE_S)
    with caplog.at_level(logging.WARNING):
        seen.capture.close()  # comes back although the read never does
    assert "hangs in reading and was abandoned" in caplog.text
    assert camera.exits == 0
    assert seen.capture.take() is None
    assert seen.capture.dropped == 1
    seen.capture.close()
    camera.hangs[0].freed.set()
    assert camera.released.wait(PATIENCE_S)
    for thread in of_capture():
        thread.join(PATIENCE_S)
    assert not of_capture()
    assert seen.capture.dropped == 1, "final"
    assert seen.capture.take() is None


def test_closing_waits_for_the_release_of_a_camera_that_is_well() -> None:
    camera = ScriptedCamera([0] * 5000)
    seen = watched(camera)
    with seen:
        seen.until(FrameArrived)
    assert camera.exits == 1
    assert not of_capture()
    taken = len(numbers(seen.news))
    assert taken + seen.capture.dropped == camera.given


def test_closing_does_not_wait_for_the_next_try() -> None:
    seen = watched(ScriptedCamera([LOST]), backoff=Backoff(1000.0, 1000.0, seed=1))
    with seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert gone.retry_in_s is not None
        assert gone.retry_in_s > 1.0
    assert not of_capture()


def test_a_frozen_camera_is_released_and_opened_again_when_asked() -> None:
    camera = ScriptedCamera([0, Gate(), 0])
    with watched(camera) as seen:
        assert camera.hangs[0].entered.wait(PATIENCE_S)
        seen.capture.reopen("its picture is frozen")
        camera.hangs[0].freed.set()
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert "its picture is frozen" in str(gone.error)
        assert camera.exits == 1
        seen.until(CameraOpened)
        seen.until(FrameArrived)
        assert camera.entered == 2
        assert numbers(seen.news)[-1] == 2
        assert len(numbers(seen.news)) + seen.capture.dropped == 3


def test_asked_to_reopen_a_camera_that_hangs_it_is_abandoned() -> None:
    first, second = ScriptedCamera([0, Hang()]), ScriptedCamera([0])
    with watched(first, second) as seen:
        assert first.hangs[0].entered.wait(PATIENCE_S)
        seen.capture.reopen("frozen")
        seen.until(CameraGone)
        seen.until(FrameArrived)
        assert seen.made == [first, second]


def test_reopening_a_file_or_a_camera_that_is_gone_does_nothing() -> None:
    camera = ScriptedCamera([0, 0, END], live=False)
    with watched(camera) as seen:
        seen.until(FrameArrived)
        seen.capture.reopen("frozen")
        seen.until(CameraEnded)
        assert (camera.entered, numbers(seen.news)) == (1, [0, 1])
    seen = watched(ScriptedCamera([LOST]), backoff=Backoff(1000.0, 1000.0, seed=1))
    with seen:
        seen.until(CameraGone)
        seen.capture.reopen("frozen")
        assert seen.capture.take() is None


def test_what_no_camera_should_raise_is_a_loss_and_keeps_secrets(caplog: pytest.LogCaptureFixture) -> None:
    camera = ScriptedCamera([ZeroDivisionError("rtsp://doctor:s3cret@host"), 0])
    with watched(camera) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert "ZeroDivisionError" in str(gone.error)
        assert "s3cret" not in str(gone.error)
        seen.until(FrameArrived)
    assert "failed in a way" in caplog.text


def test_an_error_at_the_release_is_a_loss_too() -> None:
    camera = ScriptedCamera([LOST, 0], closing=OSError("busy"))
    with watched(camera) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert "OSError" in str(gone.error)
        seen.until(FrameArrived)


def test_a_live_camera_that_gives_only_unusable_frames_is_lost() -> None:
    camera = ScriptedCamera([*[TORN] * SPOILED_IN_A_ROW, 0])
    with watched(camera) as seen:
        gone = seen.until(CameraGone)[-1]
        assert isinstance(gone, CameraGone)
        assert f"{SPOILED_IN_A_ROW} frames in a row" in str(gone.error)
        spoiled = sum(isinstance(news, FrameSpoiled) for news in seen.until(FrameArrived)) + sum(
            isinstance(news, FrameSpoiled) for news in seen.news
        )
        assert spoiled <= SPOILED_IN_A_ROW
        taken = sum(isinstance(news, FrameArrived | FrameSpoiled) for news in seen.news)
        assert taken + seen.capture.dropped == SPOILED_IN_A_ROW + 1


class Noted(Backoff):
    """A back-off without waits that notes what is asked of it."""

    def __init__(self) -> None:
        super().__init__(0.0, 0.0)
        self.asked: list[str] = []

    def next_s(self) -> float:
        self.asked.append("next")
        return 0.0

    def reset(self) -> None:
        self.asked.append("reset")


@pytest.mark.parametrize(("flowing_s", "asked"), [(3600.0, ["next", "next"]), (0.0, ["reset", "next", "reset", "next"])])
def test_the_back_off_begins_anew_after_frames_have_flowed(
    flowing_s: float, asked: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.cameras.reading.capture.FLOWING_S", flowing_s)
    backoff = Noted()
    with watched(ScriptedCamera([0, LOST, 0, LOST]), backoff=backoff) as seen:
        seen.until(CameraGone)
        seen.until(CameraGone)
        assert backoff.asked[: len(asked)] == asked


def test_a_late_opening_after_close_releases_the_camera() -> None:
    camera = ScriptedCamera([0], opening=Hang())
    seen = watched(camera, open_timeout_s=600.0, clock=monotonic)
    with seen:
        assert isinstance(camera.opening, Hang)
        assert camera.opening.entered.wait(PATIENCE_S)
        seen.capture.close()
    assert camera.released.wait(PATIENCE_S)
    assert camera.reads == 0


DROPS = st.integers(0, 3)
OPENINGS = st.lists(
    st.tuples(st.lists(st.one_of(DROPS, DROPS, st.just(TORN)), max_size=6), st.booleans()),
    min_size=1,
    max_size=4,
)
"""Of each: drops before a frame or an unusable frame; whether it ends hung or lost."""


@settings(max_examples=60, deadline=None)
@given(openings=OPENINGS, looks=st.lists(st.booleans(), min_size=1, max_size=12))
def test_every_frame_that_a_device_gave_was_taken_or_dropped(
    openings: list[tuple[list[int | Exception], bool]], looks: list[bool]
) -> None:
    """Over losses, hangs and openings anew, however seldom somebody looks; and at no time more than were given."""
    cameras, given = [ScriptedCamera()], 1
    for steps, hangs in openings:
        cameras[-1].then([*steps, Hang(LOST) if hangs else LOST])
        given += len(steps) + sum(step for step in steps if isinstance(step, int))
        if hangs:
            cameras.append(ScriptedCamera())
    over = Gate(LOST)
    cameras[-1].then([0, over])
    seen = watched(*cameras)
    taken, last, dropped = 0, -1, 0
    with seen:
        for look in cycle(looks):
            if over.entered.wait(0.0 if look else 0.001):
                break
            news = seen.capture.take() if look else None
            taken += isinstance(news, FrameArrived | FrameSpoiled)
            if isinstance(news, FrameArrived):
                assert news.frame.sequence > last
                last = news.frame.sequence
            assert seen.capture.dropped >= dropped
            dropped = seen.capture.dropped
            assert taken + dropped <= given
        while (news := seen.capture.take()) is not None:
            taken += isinstance(news, FrameArrived | FrameSpoiled)
        assert taken + seen.capture.dropped == given
