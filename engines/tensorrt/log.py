"""TensorRT's own words: failures return None and only log, so the log is where their reason is."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any

logger = logging.getLogger(__name__)

_NEVER_FREED: list[Any] = []

_MOST_LINES = 40  # a parser error prints its whole node; a refused graph of hundreds of nodes would fill the screen
_ERRORS = ("INTERNAL_ERROR", "ERROR")
# RTX 1.7 says this, as an internal error, whenever a config is read on a thread that it did not make; it means nothing.
_NOISE = ("Thread context has not been set",)


class Log:
    """One ILogger for the whole process.

    TensorRT keeps the first logger that it is given for its global messages, so a second one would miss them, and one that was
    freed would crash it: this one is made once a module (engines.tensorrt.binding) and never freed.
    `native` is what Builder, Runtime and OnnxParser take. Lines come from any thread.
    """

    def __init__(self, module: ModuleType) -> None:
        self._lock = threading.Lock()
        self._collections: list[list[str]] = []
        self._last = ""
        self.native: Any = _logger_class(module)(self._take)
        _NEVER_FREED.append(self.native)

    @property
    def last(self) -> str:
        """The newest line of any severity, for a sign of life during a build."""
        return self._last

    @contextmanager
    def collecting(self) -> Iterator[list[str]]:
        """The error lines logged inside the `with`, oldest first, at most 40, none twice."""
        lines: list[str] = []
        with self._lock:
            self._collections.append(lines)
        try:
            yield lines
        finally:
            with self._lock:
                # By identity: two empty collections are equal.
                self._collections = [each for each in self._collections if each is not lines]

    def _take(self, severity: str, line: str) -> None:
        line = line.strip()
        is_error = severity in _ERRORS and not any(each in line for each in _NOISE)
        with self._lock:
            self._last = line
            collections = self._collections if is_error else []
            for lines in collections:
                if line and line not in lines and len(lines) < _MOST_LINES:
                    lines.append(line)
        # What is being collected reaches the user in an exception; once is enough.
        level = logging.DEBUG if collections or not is_error else logging.ERROR
        logger.log(logging.WARNING if severity == "WARNING" else level, "TensorRT: %s", line)


def _logger_class(module: ModuleType) -> Any:
    """The subclass of this module's ILogger; it can only be made once the module is there."""

    class Logger(module.ILogger):  # type: ignore[name-defined,misc]  # a base class that is known at run time only
        def __init__(self, take: Any) -> None:
            module.ILogger.__init__(self)  # pybind11 wants its own base called by name
            self._take = take

        def log(self, severity: Any, msg: str) -> None:
            self._take(severity.name, msg)

    return Logger
