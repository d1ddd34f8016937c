"""The face of `hemocam log`."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from edge.commands.log_subscriber import LogSubscriber
from edge.session.events import Event, FieldSeen, Notice, Severity, StatusChanged
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason, RunState
from tests.edge.fields import ACCEPTED, DARK, STREAMING, cell, count_of, frame_at

COUNTED = FieldSeen(frame_at(1, 17), ACCEPTED, count_of((cell(), cell(x=80.0))), FrameState.COUNTED, STREAMING)
REFUSED = FieldSeen(frame_at(1), DARK, None, FrameState.REJECTED, STREAMING)
FAILED = FieldSeen(frame_at(1), ACCEPTED, None, FrameState.FAILED, STREAMING)


def lines(caplog: pytest.LogCaptureFixture, *events: Event) -> list[logging.LogRecord]:
    subscriber = LogSubscriber()
    with caplog.at_level(logging.INFO, "edge.commands.log_subscriber"):
        for event in events:
            subscriber(event)
    return caplog.records


def test_a_counted_field_is_a_line_with_its_numbers(caplog: pytest.LogCaptureFixture) -> None:
    (line,) = lines(caplog, COUNTED)
    said = vars(line)
    assert line.getMessage() == "field counted"
    assert {name: said[name] for name in ("rbc", "wbc", "plt", "sequence", "slide", "fields", "simulated")} == {
        "rbc": 2, "wbc": 0, "plt": 0, "sequence": 17, "slide": "slide 1", "fields": 2, "simulated": False
    }  # fmt: skip


def test_refusals_are_told_when_they_begin_and_not_again(caplog: pytest.LogCaptureFixture) -> None:
    found = lines(caplog, REFUSED, REFUSED, REFUSED, FAILED, FAILED, REFUSED)
    assert [line.getMessage() for line in found] == ["frame rejected", "frame failed", "frame rejected"]
    assert vars(found[0])["reason"] == "black"


@pytest.mark.parametrize("state", [None, FrameState.DUPLICATE])
def test_what_repeats_from_frame_to_frame_is_for_debugging(state: FrameState | None, caplog: pytest.LogCaptureFixture) -> None:
    assert lines(caplog, replace(COUNTED, state=state)) == []


def test_run_states_are_told_once_with_the_ledger(caplog: pytest.LogCaptureFixture) -> None:
    done = replace(STREAMING, run_state=RunState.FINISHED, finish_reason=FinishReason.STOPPED)
    streaming, finished = lines(caplog, StatusChanged(STREAMING), StatusChanged(STREAMING), StatusChanged(done))
    assert (streaming.getMessage(), finished.getMessage()) == ("session streaming", "session finished")
    said = vars(finished)
    assert (said["captured"], said["counted"], said["rejected"], said["reason"]) == (3, 2, 1, "stopped")


def test_a_lost_camera_says_why(caplog: pytest.LogCaptureFixture) -> None:
    lost = replace(STREAMING, run_state=RunState.LOST, detail="unplugged; tried again in 4 s")
    (line,) = lines(caplog, StatusChanged(lost))
    assert vars(line)["detail"] == "unplugged; tried again in 4 s"


def test_notices_are_logged_by_the_loop_alone(caplog: pytest.LogCaptureFixture) -> None:
    assert lines(caplog, Notice(Severity.ERROR, "unplugged")) == []
