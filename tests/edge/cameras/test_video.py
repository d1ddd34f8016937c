from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.cameras.camera import CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.video import Video, public_address

PICTURE = np.zeros((48, 64, 3), np.uint8)
SECRET_URL = "rtsp://doctor:s3cret@127.0.0.1:9/stream?key=s3cret#s3cret"


def written(path: Path, frames: int, codec: str) -> Path:
    noise = np.random.default_rng(1)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*codec), 10, (64, 48))
    for number in range(frames):
        picture = noise.integers(0, 256, (48, 64, 3), np.uint8)
        picture[:, :32] = number * 12
        writer.write(picture)
    writer.release()
    return path


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "MJPG"), (".mkv", "FFV1"), (".mp4", "mp4v")])
def test_each_frame_is_given_once_in_order(tmp_path: Path, suffix: str, codec: str) -> None:
    with Video(written(tmp_path / f"smear{suffix}", 20, codec)) as video:
        brightness = [float(video.read().pixels[:, :24].mean()) for _ in range(20)]
        with pytest.raises(EndOfFrames, match="all 20 frames"):
            video.read()
    assert brightness == pytest.approx([number * 12 for number in range(20)], abs=6)


@pytest.mark.parametrize(("suffix", "codec"), [(".avi", "MJPG"), (".mkv", "FFV1")])
def test_a_truncated_file_says_so_once_before_its_end(tmp_path: Path, suffix: str, codec: str) -> None:
    path = written(tmp_path / f"smear{suffix}", 20, codec)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with Video(path) as video:
        for _ in range(10):
            video.read()
        with pytest.raises(FrameUnreadable, match=r"smear.*ends after 1\d of 20 frames"):
            for _ in range(10):
                video.read()
        with pytest.raises(EndOfFrames):
            video.read()


@pytest.mark.parametrize("content", [b"", b"hello" * 500])
def test_what_is_no_video_is_refused_by_name(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "notes.avi"
    path.write_bytes(content)
    with pytest.raises(CameraNotFound, match=r"notes\.avi: no video that FFmpeg can read"), Video(path):
        pass


def test_a_truncated_mp4_is_refused(tmp_path: Path) -> None:
    path = written(tmp_path / "smear.mp4", 20, "mp4v")
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(CameraNotFound, match=r"smear\.mp4"), Video(path):
        pass


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFound, match=r"absent\.mp4: no such video file"), Video(tmp_path / "absent.mp4"):
        pass


def test_an_unknown_scheme_is_refused_with_those_accepted() -> None:
    with pytest.raises(CameraNotFound, match="rtsp, rtsps, http"), Video("gopher://microscope/x"):
        pass


def test_no_secret_of_a_real_failed_connection_is_shown(
    caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    video = Video(SECRET_URL)
    with caplog.at_level(logging.DEBUG), pytest.raises(CameraNotFound) as caught, video:
        pass
    told = f"{caught.value}{video.info}{video!r}{caplog.text}{''.join(capfd.readouterr())}"
    assert "rtsp://127.0.0.1:9/stream" in str(caught.value)
    assert "s3cret" not in told
    assert "doctor" not in told


def test_no_secret_is_in_frames_or_losses(recorded: Any) -> None:
    video = Video(SECRET_URL, opened=lambda url: recorded([PICTURE], last=1))
    with video:
        frame = video.read()
        with pytest.raises(CameraLost) as caught:
            video.read()
    assert "s3cret" not in f"{frame.source}{caught.value}"


def test_the_stream_is_opened_with_its_secrets(recorded: Any) -> None:
    opened = []

    def open_(url: str) -> Any:
        opened.append(url)
        return recorded([PICTURE])

    with Video(SECRET_URL, opened=open_):
        pass
    assert opened == [SECRET_URL]


WORDS = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=12)


@settings(max_examples=100)
@given(user=WORDS, password=WORDS)
def test_user_and_password_never_survive(user: str, password: str) -> None:
    assert public_address(f"rtsp://{user}:{password}@host:554/live") == "rtsp://host:554/live"


def test_public_address_keeps_the_place() -> None:
    assert public_address("/data/a@b?.avi") == "/data/a@b?.avi"
    assert public_address("http://host:80/a/b.mjpg?token=1") == "http://host:80/a/b.mjpg"
    assert public_address("rtsp://host/user=me_password=word_channel=1/live") == "rtsp://host/user=.../live"
