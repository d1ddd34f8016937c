"""What every kind of camera must do. A new kind is one more entry of CASES."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from queue import SimpleQueue
from threading import enumerate as threads
from time import monotonic
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.camera import Camera, CameraLost, EndOfFrames
from edge.cameras.images import Images
from edge.cameras.reading.backoff import Backoff
from edge.cameras.reading.capture import CameraEnded, CameraGone, CameraOpened, Capture, CaptureNews, FrameArrived
from edge.cameras.simulated_slide import SimulatedSlide, SimulatedSlideSettings
from edge.cameras.v4l2 import V4L2
from edge.cameras.video import Video

TIMEOUT_S = 5.0
FRAMES = 6
BGR_RED = np.full((48, 64, 3), (0, 0, 255), np.uint8)
SMALL_SLIDE = SimulatedSlideSettings(width_px=64, height_px=48, glass_um=(60.0, 40.0))


def red_images(folder: Path, _: Any) -> Camera:
    for number in range(FRAMES):
        cv2.imwrite(str(folder / f"{number}.png"), BGR_RED)
    return Images([folder], um_per_px=0.5)


def red_video(folder: Path, _: Any) -> Camera:
    path = folder / "red.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (64, 48))
    for _number in range(FRAMES):
        writer.write(BGR_RED)
    writer.release()
    return Video(path, um_per_px=0.5)


def red_stream(folder: Path, recorded: Any) -> Camera:
    return Video("rtsp://microscope/stream", um_per_px=0.5, opened=lambda url: recorded([BGR_RED]))


def red_v4l2(folder: Path, recorded: Any) -> Camera:
    return V4L2(folder / "video0", um_per_px=0.5, opened=lambda device: recorded([BGR_RED]))


def lost_stream(folder: Path, recorded: Any, then: str) -> Camera:
    return Video(f"rtsp://microscope/{folder}", opened=lambda url: recorded([BGR_RED], last=1, then=then))


def lost_v4l2(folder: Path, recorded: Any, then: str) -> Camera:
    return V4L2(folder / "video0", opened=lambda device: recorded([BGR_RED], last=1, then=then))


def still_slide(folder: Path, _: Any) -> Camera:
    return SimulatedSlide(replace(SMALL_SLIDE, frames_per_s=None))


def live_slide(folder: Path, _: Any) -> Camera:
    return SimulatedSlide(replace(SMALL_SLIDE, frames_per_s=200.0))


@dataclass(frozen=True)
class Case:
    """`red` makes a camera of at least FRAMES pictures, red ones where `shows_red`; `lost` one that fails or hangs after the
    first. `ends` is False for a source that never does."""

    name: str
    red: Callable[[Path, Any], Camera]
    live: bool
    lost: Callable[[Path, Any, str], Camera] | None = None
    shows_red: bool = True
    ends: bool = True


CASES = [
    Case("images", red_images, live=False),
    Case("video file", red_video, live=False),
    Case("video stream", red_stream, live=True, lost=lost_stream),
    Case("v4l2", red_v4l2, live=True, lost=lost_v4l2),
    Case("simulated slide", still_slide, live=False, shows_red=False, ends=False),
    Case("live simulated slide", live_slide, live=True, shows_red=False, ends=False),
]


@pytest.fixture(params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


@pytest.fixture
def camera(case: Case, tmp_path: Path, recorded: Any) -> Camera:
    return case.red(tmp_path, recorded)


def test_info_says_what_it_is(case: Case, camera: Camera) -> None:
    assert camera.info.live is case.live
    assert camera.info.kind
    assert camera.info.address
    assert camera.info.name


def test_frames_are_read_only_rgb(case: Case, camera: Camera) -> None:
    with camera:
        frame = camera.read()
    assert frame.pixels.dtype == np.uint8
    assert frame.pixels.shape[2] == 3
    assert not frame.pixels.flags.writeable
    assert frame.simulated is camera.info.simulated
    assert frame.source
    if case.shows_red:
        red, green, blue = frame.pixels.reshape(-1, 3).mean(axis=0)
        assert red > 230
        assert max(green, blue) < 25
        assert frame.um_per_px == 0.5


def test_sequence_and_time_go_forward(case: Case, camera: Camera) -> None:
    with camera:
        frames = [camera.read() for _ in range(FRAMES)]
    numbers = [frame.sequence for frame in frames]
    times_s = [frame.monotonic_s for frame in frames]
    if case.live:
        assert numbers == sorted(set(numbers))
        assert numbers[0] >= 0
    else:
        assert numbers == list(range(FRAMES))
    assert times_s == sorted(times_s)
    assert all(monotonic() - time_s < 60 for time_s in times_s)


def test_finite_source_ends_and_stays_ended(case: Case, camera: Camera) -> None:
    if case.live or not case.ends:
        pytest.skip("a live camera and a simulated one have no end")
    with camera:
        for _ in range(FRAMES):
            camera.read()
        for _ in range(2):
            with pytest.raises(EndOfFrames):
                camera.read()


def test_reading_outside_with_fails_clearly(camera: Camera) -> None:
    with pytest.raises(RuntimeError, match="with"):
        camera.read()
    with camera:
        camera.read()
    with pytest.raises(RuntimeError, match="with"):
        camera.read()


def test_opens_again_from_the_start(case: Case, camera: Camera) -> None:
    with camera:
        camera.read()
    with camera:
        frame = camera.read()
        assert case.live or frame.sequence == 0


def test_an_error_in_the_body_passes_and_releases(camera: Camera) -> None:
    before = set(threads())
    with pytest.raises(ZeroDivisionError), camera:
        camera.read()
        1 / 0  # the body fails
    assert set(threads()) <= before, "a thread of the camera outlived it"


def test_a_live_camera_that_stops_is_lost(case: Case, tmp_path: Path, recorded: Any) -> None:
    if case.lost is None:
        pytest.skip("a finite source ends instead, or a simulated one cannot stop")
    with case.lost(tmp_path, recorded, "fails") as camera:
        camera.read()
        with pytest.raises(CameraLost, match="stopped giving pictures"):
            camera.read()


@pytest.fixture
def captured(case: Case, camera: Camera) -> Iterator[tuple[Capture, Callable[[], CaptureNews]]]:
    """The camera on the capture thread, and the next of its news."""
    bell: SimpleQueue[None] = SimpleQueue()
    capture = Capture(lambda: camera, lambda: bell.put(None))

    def following() -> CaptureNews:
        while (news := capture.take()) is None:
            bell.get(timeout=TIMEOUT_S)
        return news

    capture.start()
    yield capture, following
    capture.close()


def test_captured_no_frame_is_lost_sight_of(
    case: Case, camera: Camera, captured: tuple[Capture, Callable[[], CaptureNews]]
) -> None:
    capture, following = captured
    assert isinstance(following(), CameraOpened)
    numbers = [news.frame.sequence for news in (following() for _ in range(FRAMES)) if isinstance(news, FrameArrived)]
    assert len(numbers) == FRAMES
    if not case.live:
        assert numbers == list(range(FRAMES))
        assert isinstance(following(), CameraEnded if case.ends else FrameArrived)
        assert capture.dropped == 0
    capture.close()
    assert FRAMES + capture.dropped >= numbers[-1] + 1


def test_captured_a_live_camera_is_opened_again(
    case: Case, camera: Camera, captured: tuple[Capture, Callable[[], CaptureNews]]
) -> None:
    if not case.live:
        pytest.skip("a finite source is opened once")
    capture, following = captured
    last, openings = -1, 0
    while openings < 3:
        news = following()
        openings += isinstance(news, CameraOpened)
        if isinstance(news, FrameArrived):
            assert news.frame.sequence > last
            last = news.frame.sequence
            capture.reopen("a test")
        assert not isinstance(news, CameraGone) or "a test" in str(news.error)


def test_captured_a_camera_that_hangs_is_opened_again(case: Case, tmp_path: Path, recorded: Any) -> None:
    """The thread that hangs is left behind, and a new camera object takes the place of the old one."""
    if case.lost is None:
        pytest.skip("a finite source ends instead, or a simulated one cannot stop")
    lost, bell, kinds = case.lost, SimpleQueue[None](), list[type]()
    capture = Capture(
        lambda: lost(tmp_path, recorded, "hangs"), lambda: bell.put(None), read_timeout_s=0.05, backoff=Backoff(0, 0)
    )
    capture.start()
    while kinds.count(CameraOpened) < 3:
        if (news := capture.take()) is not None:
            kinds.append(type(news))
        else:
            bell.get(timeout=TIMEOUT_S)
    capture.close()
    assert kinds[:7] == [CameraOpened, FrameArrived, CameraGone] * 2 + [CameraOpened]
