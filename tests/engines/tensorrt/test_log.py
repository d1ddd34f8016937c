"""Collecting what TensorRT says."""

from __future__ import annotations

import logging
from threading import Thread
from typing import Any

import pytest

from engines.tensorrt.log import Log
from tests.engines.tensorrt.builder_double import tensorrt_double


@pytest.fixture
def module() -> Any:
    return tensorrt_double("10.3")


def test_errors_alone_are_collected_each_once(module: Any) -> None:
    log, severity = Log(module), module.ILogger.Severity
    with log.collecting() as lines:
        for kind in severity:
            log.native.log(kind, f" {kind.name} ")
            log.native.log(kind, kind.name)
        log.native.log(severity.INTERNAL_ERROR, "Thread context has not been set! Using global log stream.")
    log.native.log(severity.ERROR, "later")
    assert lines == ["INTERNAL_ERROR", "ERROR"]


def test_a_flood_is_cut(module: Any) -> None:
    log = Log(module)
    with log.collecting() as lines:
        for number in range(500):
            log.native.log(module.ILogger.Severity.ERROR, str(number))
    assert len(lines) == 40 and lines[0] == "0"


def test_collections_may_nest_and_end_in_any_order(module: Any) -> None:
    log, error = Log(module), module.ILogger.Severity.ERROR
    first, second = log.collecting(), log.collecting()
    outer, inner = first.__enter__(), second.__enter__()
    first.__exit__(None, None, None)
    log.native.log(error, "to the second")
    second.__exit__(None, None, None)
    assert (outer, inner) == ([], ["to the second"])


def test_an_error_is_logged_only_where_nobody_collects_it(module: Any, caplog: pytest.LogCaptureFixture) -> None:
    log, error = Log(module), module.ILogger.Severity.ERROR
    with log.collecting():
        log.native.log(error, "collected")
    log.native.log(error, "alone")
    log.native.log(module.ILogger.Severity.WARNING, "careful")
    shown = [(record.levelno, record.getMessage()) for record in caplog.records if record.levelno >= logging.WARNING]
    assert shown == [(logging.ERROR, "TensorRT: alone"), (logging.WARNING, "TensorRT: careful")]


def test_lines_from_many_threads_are_all_there(module: Any) -> None:
    log = Log(module)

    def speak(thread: int) -> None:
        for number in range(4):
            log.native.log(module.ILogger.Severity.ERROR, f"{thread} {number}")

    with log.collecting() as lines:
        threads = [Thread(target=speak, args=(each,)) for each in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert len(set(lines)) == 32
