"""Signs of life where TensorRT gives none."""

from __future__ import annotations

import threading
import time

import pytest

from engines.tensorrt import progress
from engines.tensorrt.binding import wrap
from engines.tensorrt.progress import reported
from tests.engines.tensorrt.builder_double import tensorrt_double


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "HEARTBEAT_S", 0.01)


@pytest.mark.parametrize("generation", ["8.5", "8.6"])
def test_the_logs_newest_line_is_told_until_the_build_ends(generation: str) -> None:
    trt = wrap(tensorrt_double(generation), "tensorrt")
    told: list[tuple[str, int, int]] = []
    with reported(trt, None, lambda *step: told.append(step)):
        _until(lambda: bool(told))
        trt.log.native.log(trt.module.ILogger.Severity.INFO, "Timing a kernel")
        _until(lambda: told[-1][0] == "Timing a kernel")
    assert told[0] == ("still building", 0, 0)
    after = len(told)
    time.sleep(0.05)
    assert len(told) == after and "plan-heartbeat" not in {thread.name for thread in threading.enumerate()}


def test_an_error_of_the_teller_is_raised_at_the_end_and_it_is_not_called_again() -> None:
    calls: list[int] = []

    def tell(phase: str, done: int, steps: int) -> None:
        calls.append(done)
        raise RuntimeError("the screen is gone")

    with (
        pytest.raises(RuntimeError, match="the screen is gone"),
        reported(wrap(tensorrt_double("8.5"), "tensorrt"), None, tell),
    ):
        _until(lambda: bool(calls))
        time.sleep(0.05)
    assert len(calls) == 1


def test_a_failing_build_ends_the_heartbeat() -> None:
    with pytest.raises(KeyError), reported(wrap(tensorrt_double("8.5"), "tensorrt"), None, lambda *_: None):
        raise KeyError
    assert "plan-heartbeat" not in {thread.name for thread in threading.enumerate()}


def _until(true: object) -> None:
    assert callable(true)
    deadline = time.monotonic() + 5
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)
