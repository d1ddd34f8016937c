"""Where a session's events wait for the screen: the newest of each kind, never a pile."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

from edge.session.events import Event, FieldSeen, Notice, Status


@dataclass(frozen=True, slots=True)
class Mail:
    """What came in since the last look: the newest field and status, and the newest notices, oldest of them first."""

    field: FieldSeen | None
    status: Status | None
    notices: tuple[Notice, ...]


class Mailbox:
    """Takes events from the loop's thread, gives them out on the screen's.

    A newer field or status replaces the one waiting; of notices the newest `notices` are kept and the oldest are
    forgotten (the log has them all). `wake` is called for the first event after the box was found empty, and not again
    until it is found empty anew: so 200 frames/s cost the screen one message, not 200.
    """

    def __init__(self, wake: Callable[[], object], notices: int = 50) -> None:
        self._wake = wake
        self._lock = Lock()
        self._awaited = False
        self._field: FieldSeen | None = None
        self._status: Status | None = None
        self._notices: deque[Notice] = deque(maxlen=notices)

    def receive(self, event: Event) -> None:
        """Keep `event`; returns at once. The subscriber that a session is started with."""
        with self._lock:
            if isinstance(event, Notice):
                self._notices.append(event)
            else:
                self._status = event.status
                if isinstance(event, FieldSeen):
                    self._field = event
            wake, self._awaited = not self._awaited, True
        if wake:
            self._wake()

    def take(self) -> Mail | None:
        """All that waits, or None where the box is empty; after None the next event calls `wake` again."""
        with self._lock:
            if self._status is None and not self._notices:
                self._awaited = False
                return None
            mail = Mail(self._field, self._status, tuple(self._notices))
            self._field, self._status = None, None
            self._notices.clear()
            return mail
