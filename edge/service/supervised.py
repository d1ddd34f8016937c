"""A session under a service manager: ready, its state in words, the watchdog fed while it is alive, stopping."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from threading import Event as Flag
from threading import Thread
from time import monotonic
from types import TracebackType
from typing import Protocol

from edge.service.notifier import READY, STOPPING, WATCHDOG, Notifier, extend_timeout, status_line
from edge.service.watchdog import Patience, Watchdog
from edge.session.events import Event, FieldSeen, Status, StatusChanged, Subscriber
from edge.session.run_state import FinishReason, RunState

log = logging.getLogger(__name__)

PERIOD_S = 10.0
"""Between two looks where the service manager sets no watchdog."""
MORE_TIME_S = 30.0
"""What is asked for at each look while it opens or ends, and goes on."""
RUNNING = (RunState.STREAMING, RunState.PAUSED, RunState.LOST, RunState.RECOVERING)
ENDING = (RunState.FINISHING, RunState.FINISHED)
GOOD_ENDS = (FinishReason.END_OF_FRAMES, FinishReason.STOPPED)


USUAL = Patience()


class Watched(Protocol):
    """What is asked of a session here."""

    @property
    def status(self) -> Status: ...


@dataclass(frozen=True, slots=True)
class WatchdogTime:
    """`period_s` between two feedings; `expected` is False where nobody restarts us without them."""

    period_s: float
    expected: bool


def watchdog_time(environment: Mapping[str, str], pid: int) -> WatchdogTime:
    """As $WATCHDOG_USEC and $WATCHDOG_PID say: a third of the time, so that one feeding may be late and one lost."""
    text, whose = environment.get("WATCHDOG_USEC", ""), environment.get("WATCHDOG_PID", "")
    if not text or (whose and whose != str(pid)):
        return WatchdogTime(PERIOD_S, expected=False)
    if not text.isascii() or not text.isdigit() or int(text) == 0:
        log.warning("WATCHDOG_USEC is %r, not a number of microseconds: the watchdog is not fed", text)
        return WatchdogTime(PERIOD_S, expected=False)
    return WatchdogTime(int(text) / 3_000_000, expected=True)


class Supervised:
    """Enter before anything is opened, and let `watching` see the session's events:

        with Supervised.from_environment() as service:
            ...
            reason = loop.run(service.watching(loop, LogSubscriber()))

    Everything is told by a thread of its own, so that neither the service manager nor a full socket holds the loop.
    Without a service manager there is no thread and nothing is told.
    """

    def __init__(
        self, notifier: Notifier, time: WatchdogTime, patience: Patience = USUAL, clock: Callable[[], float] = monotonic
    ) -> None:
        self._notifier, self._time, self._patience, self._clock = notifier, time, patience, clock
        self._began_s = clock()
        self._session: Watched | None = None
        self._watchdog: Watchdog | None = None
        self._ready = self._stopping = False
        self._good_end = self._was_running = False
        self._objection: str | None = None
        self._state: RunState | None = None
        self._news, self._over = Flag(), Flag()
        self._thread: Thread | None = None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ, patience: Patience = USUAL) -> Supervised:
        """As the service manager asked for, or silent where none did."""
        return cls(Notifier.from_environment(environment), watchdog_time(environment, os.getpid()), patience)

    def __enter__(self) -> Supervised:
        if self._notifier.listened_to:
            self._thread = Thread(target=self._run, name="watchdog", daemon=True)
            self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._over.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join()
            if isinstance(error, Exception) and str(error):  # what only carries an exit code says nothing
                self._notifier.tell(status_line(f"failed: {error}"))

    def watching(self, session: Watched, subscriber: Subscriber, frames_s: float | None = None) -> Subscriber:
        """From now on `session` is what is told of. Gives a subscriber that passes everything on to `subscriber`.

        `frames_s` is how long a streaming session may be without a frame that moves, where that is longer than usual: the
        deadline of an inference and the camera's timeout together.
        """
        if frames_s is not None:
            self._patience = replace(self._patience, frames_s=max(self._patience.frames_s, frames_s))
        self._watchdog = Watchdog(self._patience, self._clock())
        self._session = session

        def hear(event: Event) -> None:
            if isinstance(event, FieldSeen | StatusChanged) and event.status.run_state is not self._state:
                self._note(event.status)
                self._news.set()
            subscriber(event)

        return hear

    def _note(self, status: Status) -> None:
        """What must not be missed between two looks: a session of one picture is over before the first."""
        self._state = status.run_state
        if status.run_state in RUNNING and status.session_id:
            self._was_running = True
        if status.finish_reason in GOOD_ENDS:
            self._good_end = True

    def _run(self) -> None:
        while not self._over.is_set():
            self.look()
            self._news.wait(self._time.period_s)
            self._news.clear()
        self.look()

    def look(self) -> None:
        """Tell what is to be told now."""
        now_s = self._clock()
        session, watchdog = self._session, self._watchdog
        if session is None or watchdog is None:
            self._tell_start(now_s)
            return
        status = session.status
        self._note(status)
        objection = watchdog.objection(status, now_s)
        # One that ended well without having been ready must say it all the same, or it counts as failed ("protocol").
        ready = self._was_running or self._good_end
        stopping = status.run_state in ENDING or self._over.is_set()
        lines = [READY] * (ready and not self._ready) + [STOPPING] * (stopping and not self._stopping)
        if objection is None:
            lines += [WATCHDOG] * self._time.expected
            # A slow start and slow last commits are given time while they go on.
            lines += [extend_timeout(self._more_s)] * (stopping or not ready)
        lines.append(status_line(_words(status) if objection is None else f"hangs: {objection}"))
        if self._notifier.tell(*lines):
            self._ready |= ready
            self._stopping |= stopping
        if objection is not None and self._objection is None:
            log.error("the watchdog is not fed: %s", objection)
        elif objection is None and self._objection is not None:
            log.warning("the watchdog is fed again; it was not, as %s", self._objection)
        self._objection = objection

    @property
    def _more_s(self) -> float:
        return max(MORE_TIME_S, 3 * self._time.period_s)

    def _tell_start(self, now_s: float) -> None:
        if self._over.is_set():
            return
        lasted_s = now_s - self._began_s
        if lasted_s <= self._patience.starting_s:
            self._notifier.tell(extend_timeout(self._more_s), status_line("opening the model"))
        elif self._objection is None:
            self._objection = f"the model has been opening for {lasted_s:.0f} s"
            log.error("no more time to start is asked for: %s", self._objection)
            self._notifier.tell(status_line(f"hangs: {self._objection}"))


def _words(status: Status) -> str:
    """A line for `systemctl status`."""
    why = status.detail or (status.finish_reason.value if status.finish_reason else "")
    totals = status.totals
    cells = "".join(f", {number} {kind.value.upper()}" for kind, number in totals.cells.items())
    fields = f"{totals.slide}: {totals.fields} field{'s' * (totals.fields != 1)}{cells}"
    return f"{status.run_state.value}{f' ({why})' if why else ''}; {fields}; {status.camera}"
