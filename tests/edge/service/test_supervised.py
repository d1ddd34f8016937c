from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from threading import Event, get_ident, main_thread
from threading import enumerate as threads

import pytest

from edge.counting.cell import CellClass
from edge.service.notifier import Notifier
from edge.service.supervised import Supervised, WatchdogTime, watchdog_time
from edge.service.watchdog import Patience
from edge.session.events import Event as SessionEvent
from edge.session.events import Notice, Severity, Status, StatusChanged
from edge.session.ledger import Ledger
from edge.session.run_state import FinishReason, RunState
from tests.edge.service.manager import Manager
from tests.edge.service.statuses import counted, status

TIME = WatchdogTime(10.0, expected=True)


class Sitting:
    """A session that says what it is told to, and the clock that it lives by."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.status: Status = status(RunState.OPENING, session_id="")

    def clock(self) -> float:
        return self.now_s

    def at(self, now_s: float, state: RunState = RunState.STREAMING, **changes: object) -> None:
        """The loop goes round at `now_s`, with a frame a second."""
        self.now_s = now_s
        self.status = status(state, captured=int(now_s), at_s=now_s, **changes)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[Manager]:
    with Manager(tmp_path) as listening:
        yield listening


def supervised(manager: Manager, sitting: Sitting, time: WatchdogTime = TIME) -> Supervised:
    """Not entered: these tests look when they want to."""
    service = Supervised(Notifier(manager.address), time, Patience(), sitting.clock)
    service.watching(sitting, lambda event: None)
    return service


def without_status(lines: list[str]) -> list[str]:
    return [line for line in lines if not line.startswith("STATUS=")]


def test_before_the_session_more_time_to_start_is_asked_for_but_not_for_ever(
    manager: Manager, caplog: pytest.LogCaptureFixture
) -> None:
    sitting = Sitting()
    service = Supervised(Notifier(manager.address), TIME, Patience(), sitting.clock)
    service.look()
    assert manager.hear() == ["EXTEND_TIMEOUT_USEC=30000000", "STATUS=opening the model"]
    sitting.now_s = 1801.0
    service.look()
    assert manager.hear() == ["STATUS=hangs: the model has been opening for 1801 s"]
    service.look()
    assert manager.hear() == []
    assert len(caplog.records) == 1


def test_an_opening_session_is_not_ready(manager: Manager) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    service.look()
    assert without_status(manager.hear()) == ["WATCHDOG=1", "EXTEND_TIMEOUT_USEC=30000000"]
    sitting.now_s = 1801.0
    service.look()
    assert without_status(manager.hear()) == []


@pytest.mark.parametrize("state", [RunState.STREAMING, RunState.PAUSED, RunState.LOST, RunState.RECOVERING])
def test_ready_is_told_once_when_the_record_is_open_and_the_camera_is_or_is_honestly_lost(
    manager: Manager, state: RunState
) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0, state, session_id="")  # no record yet
    service.look()
    assert "READY=1" not in manager.hear()
    for second in (2.0, 3.0):
        sitting.at(second, state)
        service.look()
    assert without_status(manager.hear()) == ["READY=1", "WATCHDOG=1", "WATCHDOG=1"]


def test_ready_is_told_again_where_it_did_not_arrive(tmp_path: Path) -> None:
    sitting, manager = Sitting(), Manager(tmp_path)
    service = supervised(manager, sitting)
    sitting.at(1.0)
    service.look()
    with manager:
        service.look()
        assert "READY=1" in manager.hear()


def test_a_hung_loop_is_not_fed_and_the_log_says_why(manager: Manager, caplog: pytest.LogCaptureFixture) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0)
    service.look()
    assert "WATCHDOG=1" in manager.hear()
    for now_s in (21.0, 31.0, 41.0):
        sitting.now_s = now_s
        service.look()
    assert manager.hear() == [f"STATUS=hangs: the loop has stood still for {n} s (streaming)" for n in (20, 30, 40)]
    assert [record.getMessage() for record in caplog.records] == [
        "the watchdog is not fed: the loop has stood still for 20 s (streaming)"
    ]
    sitting.at(42.0)
    service.look()
    assert "WATCHDOG=1" in manager.hear()
    assert "is fed again" in caplog.text


def test_without_a_watchdog_only_words_are_told(manager: Manager) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting, WatchdogTime(10.0, expected=False))
    sitting.at(1.0, totals=counted(2, {CellClass.RBC: 310, CellClass.WBC: 4}))
    service.look()
    assert manager.hear() == ["READY=1", "STATUS=streaming; slide 1: 2 fields, 310 RBC, 4 WBC; /dev/video0"]


def test_the_state_is_told_with_its_reason(manager: Manager) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0, RunState.LOST, detail="no frame in 5 s; trying again in 4 s")
    service.look()
    assert manager.hear()[-1] == "STATUS=lost (no frame in 5 s; trying again in 4 s); slide 1: 0 fields; /dev/video0"


def test_stopping_is_told_once_and_slow_last_commits_are_given_time(manager: Manager) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0)
    service.look()
    manager.hear()
    for now_s in (2.0, 12.0):
        sitting.at(now_s, RunState.FINISHING)
        service.look()
    lines = without_status(manager.hear())
    assert lines.count("STOPPING=1") == 1
    assert lines.count("EXTEND_TIMEOUT_USEC=30000000") == 2
    sitting.now_s = 200.0
    service.look()
    assert without_status(manager.hear()) == []


@pytest.mark.parametrize("reason", [FinishReason.END_OF_FRAMES, FinishReason.STOPPED])
def test_a_session_over_before_it_was_seen_running_is_still_a_good_one(manager: Manager, reason: FinishReason) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0, RunState.FINISHED, finish_reason=reason)
    service.look()
    assert without_status(manager.hear())[:2] == ["READY=1", "STOPPING=1"]


@pytest.mark.parametrize(
    "reason", [FinishReason.CAMERA_LOST, FinishReason.STORE_FAILED, FinishReason.FAILED, FinishReason.ENGINE_FAILED]
)
def test_a_session_that_failed_at_once_never_was_ready(manager: Manager, reason: FinishReason) -> None:
    sitting = Sitting()
    service = supervised(manager, sitting)
    sitting.at(1.0, RunState.FINISHED, finish_reason=reason, detail="no disk")
    service.look()
    assert "READY=1" not in manager.hear()


def test_a_state_between_two_looks_is_not_missed(manager: Manager) -> None:
    sitting = Sitting()
    service = Supervised(Notifier(manager.address), TIME, Patience(), sitting.clock)
    heard: list[SessionEvent] = []
    hear = service.watching(sitting, heard.append)
    events = [StatusChanged(status(RunState.STREAMING)), Notice(Severity.INFO, "hello")]
    for event in events:
        hear(event)
    assert heard == events
    sitting.at(1.0, RunState.FINISHED, finish_reason=FinishReason.CAMERA_LOST)
    service.look()
    assert "READY=1" in manager.hear()


def test_frames_may_rest_as_long_as_an_inference_may_take(manager: Manager) -> None:
    sitting = Sitting()
    service = Supervised(Notifier(manager.address), TIME, Patience(), sitting.clock)
    service.watching(sitting, lambda event: None, frames_s=300.0)
    sitting.at(1.0)
    service.look()
    for now_s, fed in ((290.0, True), (302.0, False)):
        manager.hear()
        sitting.now_s = now_s
        sitting.status = status(captured=1, at_s=now_s)
        service.look()
        assert ("WATCHDOG=1" in manager.hear()) == fed


def test_in_a_with_all_is_told_by_a_thread_of_its_own(manager: Manager) -> None:
    sitting, told_by, released = Sitting(), [], Event()

    class Told(Notifier):
        def tell(self, *lines: str) -> bool:
            told_by.append(get_ident())
            return super().tell(*lines)

    with Supervised(Told(manager.address), WatchdogTime(3600.0, expected=True), clock=sitting.clock) as service:
        manager.wait_for(lambda line: line == "STATUS=opening the model", 30)
        hear = service.watching(sitting, lambda event: released.set())
        sitting.at(1.0)
        hear(StatusChanged(sitting.status))  # wakes it: the next look would be in an hour
        manager.wait_for(lambda line: line == "READY=1", 30)
        assert released.is_set()
        sitting.at(2.0, RunState.FINISHED, finish_reason=FinishReason.STOPPED)
    assert "STOPPING=1" in manager.hear()
    assert main_thread().ident not in told_by
    assert "watchdog" not in [thread.name for thread in threads()]


def test_what_ended_the_program_is_told(manager: Manager) -> None:
    with pytest.raises(ValueError, match="no such key"), Supervised(Notifier(manager.address), TIME):
        raise ValueError("no such key\nline 3")
    assert manager.hear()[-1] == "STATUS=failed: no such key line 3"


def test_an_exit_code_says_nothing(manager: Manager) -> None:
    with pytest.raises(RuntimeError), Supervised(Notifier(manager.address), TIME):
        raise RuntimeError
    assert not any("failed" in line for line in manager.hear())


def test_without_a_service_manager_there_is_no_thread() -> None:
    with Supervised.from_environment({}) as service:
        assert "watchdog" not in [thread.name for thread in threads()]
        heard: list[SessionEvent] = []
        service.watching(Sitting(), heard.append)(Notice(Severity.INFO, "hello"))
        assert len(heard) == 1


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, WatchdogTime(10.0, expected=False)),
        ({"WATCHDOG_USEC": "30000000"}, WatchdogTime(10.0, expected=True)),
        ({"WATCHDOG_USEC": "6000000", "WATCHDOG_PID": "71"}, WatchdogTime(2.0, expected=True)),
        ({"WATCHDOG_USEC": "6000000", "WATCHDOG_PID": "72"}, WatchdogTime(10.0, expected=False)),
        ({"WATCHDOG_USEC": "soon"}, WatchdogTime(10.0, expected=False)),
        ({"WATCHDOG_USEC": "0"}, WatchdogTime(10.0, expected=False)),
        ({"WATCHDOG_USEC": "-5"}, WatchdogTime(10.0, expected=False)),
    ],
)
def test_the_watchdogs_time(environment: dict[str, str], expected: WatchdogTime) -> None:
    assert watchdog_time(environment, 71) == expected


def test_a_watchdog_time_that_is_none_is_named(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        watchdog_time({"WATCHDOG_USEC": "soon"}, 1)
    assert "soon" in caplog.text


def test_ledger_sums_do_not_hide_a_standstill(manager: Manager) -> None:
    """Frames ended all the same count as movement, also where no frame is captured (a finite source near its end)."""
    sitting = Sitting()
    service = supervised(manager, sitting)
    for number, now_s in enumerate((0.0, 50.0, 100.0)):
        sitting.now_s = now_s
        sitting.status = status(at_s=now_s, ledger=Ledger(captured=3, counted=number))
        service.look()
        assert "WATCHDOG=1" in manager.hear()
