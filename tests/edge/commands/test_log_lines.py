from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from datetime import datetime, timezone
from io import StringIO

import pytest

from edge.commands.log_lines import configure_logging
from edge.config.values import LogLevel, LogStyle

log = logging.getLogger("edge.test")


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)


@pytest.fixture
def stream() -> StringIO:
    return StringIO()


def test_a_json_line_holds_time_level_logger_message_and_fields(stream: StringIO) -> None:
    configure_logging(LogLevel.INFO, LogStyle.JSON, stream)
    log.info(
        "field %d\ncommitted",
        3,
        extra={"rbc": 41, "focus": float("nan"), "level": "x", "state": LogLevel.INFO, "at": {1: (2,)}},
    )
    log.debug("not this")
    (text,) = stream.getvalue().splitlines()
    line = json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is no JSON"))
    written = datetime.fromisoformat(line.pop("ts"))
    assert abs((datetime.now(timezone.utc) - written).total_seconds()) < 60
    assert line == {
        "level": "info",
        "logger": "edge.test",
        "message": "field 3\ncommitted",
        "rbc": 41,
        "focus": "nan",
        "level_": "x",
        "state": "info",
        "at": {"1": [2]},
    }


def test_an_exception_stays_in_its_json_line(stream: StringIO) -> None:
    configure_logging(LogLevel.INFO, LogStyle.JSON, stream)
    try:
        raise OSError("the camera is gone")
    except OSError:
        log.exception("lost")
    (text,) = stream.getvalue().splitlines()
    assert "OSError: the camera is gone" in json.loads(text)["exception"]


def test_a_text_line_is_one_line_that_splits_again(stream: StringIO) -> None:
    configure_logging(LogLevel.WARNING, LogStyle.TEXT, stream)
    log.warning("a\nb", extra={"rbc": 41, "specimen": "S 17\n2026 ERROR fake"})
    log.info("not this")
    (text,) = stream.getvalue().splitlines()
    assert text.endswith(' WARNING edge.test: a\\nb rbc=41 specimen="S 17\\n2026 ERROR fake"')
    datetime.strptime(text[:19], "%Y-%m-%d %H:%M:%S")


def test_configuring_again_replaces(stream: StringIO) -> None:
    later = StringIO()
    configure_logging(LogLevel.INFO, LogStyle.TEXT, stream)
    configure_logging(LogLevel.DEBUG, LogStyle.TEXT, later)
    log.debug("once")
    assert stream.getvalue() == ""
    assert later.getvalue().count("once") == 1


def test_the_default_is_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    configure_logging(LogLevel.INFO, LogStyle.TEXT)
    log.error("told")
    out, err = capsys.readouterr()
    assert out == ""
    assert "ERROR edge.test: told" in err
