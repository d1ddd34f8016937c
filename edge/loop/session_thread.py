"""The thread that a session runs on."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from threading import Lock, Thread, current_thread

from edge.session.events import Subscriber
from edge.session.run_state import FinishReason

log = logging.getLogger("edge.loop")


class SessionThread(ABC):
    """Runs a session once: on a thread of its own (`start`) or on the caller's (`run`). Any thread may close it."""

    def __init__(self) -> None:
        self._door = Lock()
        self._begun = False
        self._thread: Thread | None = None

    def start(self, subscriber: Subscriber) -> None:
        """As session.Session. Raises RuntimeError where it was started or closed before."""
        with self._door:
            self._begin()
            self._thread = Thread(target=self._run_alone, args=(subscriber,), name="loop")
            self._thread.start()

    def run(self, subscriber: Subscriber) -> FinishReason:
        """The whole session, on this thread. Gives why it ended; what was committed before stays. Raises as `start`."""
        with self._door:
            self._begin()
        return self._run(subscriber)

    def close(self) -> None:
        """As session.Session. What never began is released here."""
        with self._door:
            begun, self._begun = self._begun, True
        self._stop()
        if not begun:
            self._finish(FinishReason.STOPPED)
        elif self._thread is not None and self._thread is not current_thread():
            self._thread.join()

    def _begin(self) -> None:
        if self._begun:
            raise RuntimeError("a session is started once, before it is closed; make another one")
        self._begun = True

    def _run_alone(self, subscriber: Subscriber) -> None:
        try:
            self._run(subscriber)
        except Exception:
            # The subscriber has been told FAILED; a trace on the terminal would only spoil the screen.
            log.exception("the session failed")

    @abstractmethod
    def _run(self, subscriber: Subscriber) -> FinishReason:
        """Open, go round until it is over, and `_finish`, whatever happens."""

    @abstractmethod
    def _stop(self) -> None:
        """Ask `_run` to end; from any thread."""

    @abstractmethod
    def _finish(self, reason: FinishReason) -> FinishReason:
        """Bring every frame to its end and release everything, also what was never begun."""
