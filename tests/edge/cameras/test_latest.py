from __future__ import annotations

import logging
from threading import Event
from threading import enumerate as threads
from time import monotonic
from typing import Any

import numpy as np
import pytest

from edge.cameras.camera import CameraLost, CameraNotFound
from edge.cameras.latest import LatestFrame, to_rgb

PICTURE = np.full((4, 6, 3), (10, 20, 30), np.uint8)


class Stepped:
    """A capture that gives a picture for each `step`, its brightness the picture's number."""

    def __init__(self) -> None:
        self.steps = [Event() for _ in range(20)]
        self.asked = [Event() for _ in range(21)]
        self.number = 0
        self.released = Event()

    def read(self) -> tuple[bool, Any]:
        self.asked[self.number].set()
        if not self.steps[self.number].wait(5):
            return False, None
        self.number += 1
        return True, np.full((4, 6, 3), self.number - 1, np.uint8)

    def release(self) -> None:
        self.released.set()

    def give(self, number: int) -> None:
        """Let pictures up to and with `number` be delivered, and wait until the last one is in the slot."""
        for step in self.steps[: number + 1]:
            step.set()
        assert self.asked[number + 1].wait(5)


def test_only_the_newest_is_kept_and_the_others_are_counted() -> None:
    capture = Stepped()
    latest = LatestFrame(lambda: capture, "stepped")
    capture.give(4)
    frame = latest.take(5)
    assert frame.pixels[0, 0].tolist() == [4, 4, 4]
    assert frame.sequence == 4
    assert latest.dropped == 4
    capture.give(5)
    assert latest.take(5).sequence == 5
    assert latest.dropped == 4
    capture.give(6)
    capture.steps[7].set()
    latest.close()
    assert latest.dropped == 5, "the picture that nobody took was dropped"
    assert capture.released.is_set()


def test_nothing_new_is_lost_in_time_and_may_come_later() -> None:
    capture = Stepped()
    latest = LatestFrame(lambda: capture, "stepped")
    with pytest.raises(CameraLost, match=r"stepped: no picture for 0\.01 s"):
        latest.take(0.01)
    capture.give(0)
    assert latest.take(5).sequence == 0
    capture.steps[1].set()
    latest.close()


@pytest.mark.parametrize("then", ["fails", "raises"])
def test_a_failing_device_is_lost_at_once_and_released(recorded: Any, then: str) -> None:
    capture = recorded([PICTURE], last=1, then=then)
    latest = LatestFrame(lambda: capture, "USB microscope")
    latest.take(5)
    started_s = monotonic()
    with pytest.raises(CameraLost, match="USB microscope"):
        latest.take(60)
    assert monotonic() - started_s < 30, "the failure was known; waiting out the timeout is of no use"
    with pytest.raises(CameraLost):
        latest.take(60)
    latest.close()
    assert capture.released.is_set()


def test_an_empty_picture_is_a_failure(recorded: Any) -> None:
    latest = LatestFrame(lambda: recorded([None]), "empty")
    with pytest.raises(CameraLost, match="stopped giving pictures"):
        latest.take(5)
    latest.close()


def test_a_hung_device_is_abandoned_and_releases_itself_later(
    recorded: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.cameras.latest.ABANDON_AFTER_S", 0.02)
    capture = recorded([PICTURE], last=1, then="hangs")
    latest = LatestFrame(lambda: capture, "hung")
    latest.take(5)
    with caplog.at_level(logging.WARNING):
        latest.close()
    assert "hung hangs in a read" in caplog.text
    assert not capture.released.is_set()
    capture.freed.set()
    assert capture.released.wait(5)


def test_an_opening_that_fails_says_why() -> None:
    def refuse() -> Any:
        raise CameraNotFound("no such camera")

    latest = LatestFrame(refuse, "absent")
    with pytest.raises(CameraNotFound, match="no such camera"):
        latest.await_first(5)
    latest.close()


def test_await_first_leaves_the_picture(recorded: Any) -> None:
    latest = LatestFrame(lambda: recorded([PICTURE], last=1, then="hangs"), "one")
    latest.await_first(5)
    assert latest.take(5).sequence == 0


def test_to_rgb_turns_bgr_and_grey() -> None:
    assert to_rgb(PICTURE)[0, 0].tolist() == [30, 20, 10]
    assert to_rgb(np.full((2, 2), 7, np.uint8)).tolist() == np.full((2, 2, 3), 7).tolist()


def test_reads_that_hang_in_one_device_do_not_pile_up(recorded: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.cameras.latest.ABANDON_AFTER_S", 0.01)
    monkeypatch.setattr("edge.cameras.latest.MOST_HUNG", 4)
    captures = [recorded([PICTURE], last=0, then="hangs") for _ in range(4)]
    hung = [LatestFrame(lambda capture=capture: capture, "stuck") for capture in captures]  # type: ignore[misc]  # bound now
    for latest in hung:
        latest.close()
    with pytest.raises(CameraLost, match="stuck: 4 reads of it hang"):
        LatestFrame(lambda: recorded([PICTURE]), "stuck")
    other = LatestFrame(lambda: recorded([PICTURE]), "another")
    assert other.take(5).sequence >= 0
    other.close()
    for capture in captures:
        capture.freed.set()
        assert capture.released.wait(5)
    for thread in threads():
        if thread.name == "camera stuck":
            thread.join(5)
    LatestFrame(lambda: recorded([PICTURE]), "stuck").close()
