"""Log lines for people (text) and for programs (one JSON object a line)."""

from __future__ import annotations

import json
import logging
import sys
from datetime import datetime, timezone
from enum import Enum
from math import isfinite
from typing import TextIO

from edge.config.values import LogLevel, LogStyle

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def configure_logging(level: LogLevel, style: LogStyle, stream: TextIO | None = None) -> None:
    """Send every logger's lines from `level` up to `stream` (standard error), replacing what was configured before."""
    handler = logging.StreamHandler(sys.stderr if stream is None else stream)
    handler.setFormatter(JsonLines() if style is LogStyle.JSON else TextLines())
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.value.upper())


class JsonLines(logging.Formatter):
    """`ts` (UTC, ISO 8601), `level`, `logger`, `message`, then what `extra=` gave, then `exception` where there is one."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "ts": _time(record).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        for name, value in _extra(record).items():
            line[name if name not in line else f"{name}_"] = _plain(value)
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, ensure_ascii=False, allow_nan=False)


class TextLines(logging.Formatter):
    """`2026-11-20 11:53:02 INFO edge.loop: message key=value`; always one line, but for an exception's trace."""

    def format(self, record: logging.LogRecord) -> str:
        extra = "".join(f" {name}={_word(value)}" for name, value in _extra(record).items())
        message = record.getMessage().replace("\r", "\\r").replace("\n", "\\n")
        line = f"{_time(record):%Y-%m-%d %H:%M:%S} {record.levelname} {record.name}: {message}{extra}"
        return f"{line}\n{self.formatException(record.exc_info)}" if record.exc_info else line


def _time(record: logging.LogRecord) -> datetime:
    return datetime.fromtimestamp(record.created, timezone.utc)


def _extra(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _STANDARD}


def _plain(value: object) -> object:
    """The value as JSON has it; JSON has no NaN and no infinity, so these become text."""
    if isinstance(value, Enum):
        return _plain(value.value)
    if isinstance(value, dict):
        return {str(key): _plain(each) for key, each in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(each) for each in value]
    if value is None or isinstance(value, (bool, int, str)) or (isinstance(value, float) and isfinite(value)):
        return value
    return str(value)


def _word(value: object) -> str:
    text = str(_plain(value))
    return text if text and all(letter.isprintable() and letter not in ' "=' for letter in text) else json.dumps(text)
