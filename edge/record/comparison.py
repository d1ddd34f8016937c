"""The other methods' counts of a field that waits to be recorded, and the types of its cells, found where a core is idle."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Lock

from edge.cells.namer import Namer
from edge.counting.counter import Seen
from edge.counting.field_count import FieldCount
from edge.record.jobs import CommitField
from engines.contract import InferenceFailed

log = logging.getLogger(__name__)


class Comparison:
    """Counts fields by all methods and names their cells on a thread of its own, one after the other, while the disk does what
    it does.

    Each field that was begun is asked for once, by the recording thread, or forgotten.
    """

    def __init__(self, compare: Callable[[Seen, FieldCount], FieldCount], namer: Namer | None = None) -> None:
        """`compare` is FieldCounter.compared; `namer` names cells where that is wanted."""
        self._compare, self._namer = compare, namer
        self._thread = ThreadPoolExecutor(1, "comparing")
        self._begun: dict[int, Future[FieldCount]] = {}
        self._open, self._closed = Lock(), False
        self.awaited = False
        """Whether the recording thread waits for a comparison: the processor is slow, not the disk."""

    def begin(self, job: CommitField) -> None:
        """Count a field that will be asked for. From any thread."""
        with self._open:
            if not self._closed:
                self._begun[job.token] = self._thread.submit(self._complete, job)

    def _complete(self, job: CommitField) -> FieldCount:
        count = self._compare(job.seen, job.count)
        if self._namer is None:
            return count
        try:
            return self._namer.typed(job.frame.pixels, count)
        except InferenceFailed as error:
            log.warning("field %d is recorded without types of cells: %s", job.token, error)
            return count

    def of(self, job: CommitField) -> FieldCount:
        """The field's count with all methods' numbers, when they are there. Raises what `compare` raises."""
        self.awaited = True
        try:
            return self._begun.pop(job.token).result()
        finally:
            self.awaited = False

    def forget(self, token: int) -> None:
        """The field is lost, and will not be asked for."""
        self._begun.pop(token, None)

    def close(self) -> None:
        """Begin nothing more, and wait for the field that is being counted: some milliseconds."""
        with self._open:
            self._closed = True
        self._thread.shutdown(cancel_futures=True)
