"""Trying again what a full or busy disk refused."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import chain, repeat
from typing import TypeVar

from edge.record.job_queue import JobQueue
from edge.record.news import RecordBack, RecordNews, RecordWaits
from edge.record.store.errors import StoreBusy, StoreError, StoreFull

PASSING = (StoreFull, StoreBusy)
"""Errors that may pass by themselves, or by a person's hand; all others end the record."""
RETRY_S = (0.25, 0.5, 1.0, 2.0, 5.0, 10.0)
"""Waited before the tries; then always the last. A busy database has already been waited for 10 s by SQLite itself."""

Answer = TypeVar("Answer")


class Persistence:
    """Calls something until it succeeds or fails for good, telling that it waits. Of a session that closes, one last try is
    made, and after its failure nothing more is tried: four fields behind a locked database would take a minute."""

    def __init__(self, queue: JobQueue, tell: Callable[[RecordNews], None], retry_s: tuple[float, ...] = RETRY_S) -> None:
        self._queue, self._tell, self._retry_s = queue, tell, retry_s
        self._given_up: StoreError | None = None

    def __call__(self, write: Callable[[], Answer]) -> Answer:
        """What `write` gives in the end. Raises StoreError."""
        if self._given_up is not None:
            raise self._given_up
        waited = False
        for wait_s in self._waits():
            last = self._queue.closing
            try:
                answer = write()
            except PASSING as error:
                if last:
                    self._given_up = error
                    raise
                self._tell(RecordWaits(error, wait_s))
                waited = True
                self._queue.wait_closing(wait_s)
            else:
                if waited:
                    self._tell(RecordBack())
                return answer
        raise AssertionError("waits do not end")

    def give_up(self, error: StoreError) -> None:
        """Try nothing from here on: nobody listens any more. From any thread."""
        self._given_up = error

    def _waits(self) -> Iterator[float]:
        return chain(self._retry_s, repeat(self._retry_s[-1]))
