from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from edge.cameras.camera import CameraLost, CameraNotFound
from edge.cameras.v4l2 import V4L2, configure

PICTURE = np.zeros((48, 64, 3), np.uint8)
ASKED = {cv2.CAP_PROP_FRAME_WIDTH: 1280.0, cv2.CAP_PROP_FRAME_HEIGHT: 960.0, cv2.CAP_PROP_FPS: None}


def test_the_pixel_format_is_set_before_the_size_and_the_mode_read_back(recorded: Any) -> None:
    capture = recorded([PICTURE])
    mode = configure(capture, "/dev/video0", ASKED)
    assert [name for name, _ in capture.settings] == [
        cv2.CAP_PROP_FOURCC,
        cv2.CAP_PROP_FRAME_WIDTH,
        cv2.CAP_PROP_FRAME_HEIGHT,
        cv2.CAP_PROP_BUFFERSIZE,
    ]
    assert capture.settings[-1][1] == 1
    assert (mode.width_px, mode.height_px, mode.frames_per_s, mode.fourcc) == (1280, 960, 30.0, "MJPG")


def test_a_size_that_is_not_granted_is_refused(recorded: Any) -> None:
    with pytest.raises(CameraNotFound, match=r"/dev/video0: has no 1280x960 mode, it offers 64x48"):
        configure(recorded([PICTURE], grants=False), "/dev/video0", ASKED)


def test_without_a_size_the_own_mode_is_taken(recorded: Any) -> None:
    assert configure(recorded([PICTURE], grants=False), "/dev/video0", {}).width_px == 64


def test_what_does_not_open_is_not_found_and_released(tmp_path: Path, recorded: Any) -> None:
    capture = recorded([PICTURE], opens=False)
    with (
        pytest.raises(CameraNotFound, match="video7: no camera opens there"),
        V4L2(tmp_path / "video7", opened=lambda _: capture),
    ):
        pass
    assert capture.released.is_set()


def test_what_opens_but_gives_nothing_is_lost(tmp_path: Path, recorded: Any) -> None:
    silent = recorded([PICTURE], last=0)
    with pytest.raises(CameraLost, match="opened, but gave no picture"), V4L2(tmp_path / "video0", opened=lambda _: silent):
        pass
    assert silent.released.is_set()


def test_after_a_loss_it_opens_again(tmp_path: Path, recorded: Any) -> None:
    captures = [recorded([PICTURE], last=1), recorded([PICTURE])]
    left = iter(captures)
    camera = V4L2(tmp_path / "video0", opened=lambda _: next(left))
    with camera:
        camera.read()
        with pytest.raises(CameraLost):
            camera.read()
    with camera:
        assert camera.read().width_px == 64
    assert all(capture.released.is_set() for capture in captures)


def test_the_mode_is_logged(tmp_path: Path, recorded: Any, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO), V4L2(tmp_path / "video0", opened=lambda _: recorded([PICTURE])) as camera:
        camera.read()
    assert "64x48 MJPG" in caplog.text


def test_a_node_that_is_not_there_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(CameraNotFound, match="video99"), V4L2(tmp_path / "video99"):
        pass
