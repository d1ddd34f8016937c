from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from edge.cameras.camera import CameraLost
from edge.cameras.device import Device, to_rgb

PICTURE = np.full((4, 6, 3), (10, 20, 30), np.uint8)


def test_every_picture_is_given_once_and_numbered(recorded: Any) -> None:
    device = Device(recorded([PICTURE, PICTURE + 1], last=3), "USB microscope", 0.5)
    frames = [device.read() for _ in range(3)]
    assert [frame.sequence for frame in frames] == [0, 1, 2]
    assert [frame.pixels[0, 0].tolist() for frame in frames] == [[30, 20, 10], [31, 21, 11], [30, 20, 10]]
    assert {(frame.source, frame.um_per_px) for frame in frames} == {("USB microscope", 0.5)}
    assert frames[0].monotonic_s <= frames[1].monotonic_s <= frames[2].monotonic_s


@pytest.mark.parametrize("then", ["fails", "raises"])
def test_a_failing_device_is_lost_and_released_by_who_closes_it(recorded: Any, then: str) -> None:
    capture = recorded([PICTURE], last=1, then=then)
    device = Device(capture, "USB microscope", None)
    device.read()
    for _ in range(2):
        with pytest.raises(CameraLost, match=r"USB microscope: .*open"):
            device.read()
    assert not capture.released.is_set()
    device.close()
    assert capture.released.is_set()


@pytest.mark.parametrize(("last", "then", "picture"), [(0, "fails", PICTURE), (0, "raises", PICTURE), (None, "", None)])
def test_a_device_that_opens_and_gives_nothing_is_lost_and_released(recorded: Any, last: int, then: str, picture: Any) -> None:
    capture = recorded([picture], last=last, then=then)
    with pytest.raises(CameraLost, match="silent"):
        Device(capture, "silent", None)
    assert capture.released.is_set()


def test_to_rgb_turns_bgr_and_grey() -> None:
    assert to_rgb(PICTURE)[0, 0].tolist() == [30, 20, 10]
    assert to_rgb(np.full((2, 2), 7, np.uint8)).tolist() == np.full((2, 2, 3), 7).tolist()
