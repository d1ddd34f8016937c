"""What waits for the recording thread, and what goes where too much waits."""

from __future__ import annotations

from collections import deque
from threading import Condition

from edge.record.jobs import CommitField, Job, KeepRefused, NoteEvent, WriteLedger

MOST_SMALL = 64
"""Notes, events, slides: a few a minute, unless the disk has been full for long."""
OVERSHOOT = 8
"""Fields that may come although it is full: the loop saw that it was not, and had frames on the way."""


class JobQueue:
    """A bounded queue in the order of submission, for one thread that takes. Any thread may put.

    Fields: the loop looks at `full` and takes no frame meanwhile, so that none is refused here but behind a loop at fault.
    Pictures of uncounted frames: the newest is refused. Ledgers: one that waits stands for all. Events: the oldest goes.
    Any other small job is refused behind 64.
    """

    def __init__(self, capacity: int) -> None:
        self.capacity = capacity
        self._jobs: deque[Job] = deque()
        self._changed = Condition()
        self._in_work: Job | None = None
        self._closing = False

    @property
    def full(self) -> bool:
        with self._changed:
            return self._large() >= self.capacity

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in work."""
        with self._changed:
            return not self._jobs and self._in_work is None

    @property
    def closing(self) -> bool:
        with self._changed:
            return self._closing

    def put(self, job: Job) -> Job | None:
        """Gives the job that goes instead, this one or an older, or None."""
        with self._changed:
            gone = self._put(job)
            self._changed.notify_all()
        return gone

    def _put(self, job: Job) -> Job | None:
        if isinstance(job, WriteLedger) and any(isinstance(one, WriteLedger) for one in self._jobs):
            return None
        if self._closing or not self._room_for(job):
            oldest = next((one for one in self._jobs if isinstance(one, NoteEvent)), None)
            if self._closing or oldest is None or isinstance(job, CommitField | KeepRefused):
                return job
            self._jobs.remove(oldest)
            self._jobs.append(job)
            return oldest
        self._jobs.append(job)
        return None

    def _room_for(self, job: Job) -> bool:
        if isinstance(job, CommitField):
            return self._large() < self.capacity + OVERSHOOT
        if isinstance(job, KeepRefused):
            return self._large() < self.capacity
        return len(self._jobs) - sum(isinstance(one, CommitField | KeepRefused) for one in self._jobs) < MOST_SMALL

    def _large(self) -> int:
        return sum(isinstance(one, CommitField | KeepRefused) for one in (*self._jobs, self._in_work))

    def take(self, timeout_s: float) -> Job | None:
        """The next job, which is in work until `done`; None after `timeout_s` or where it is closing and empty."""
        with self._changed:
            self._changed.wait_for(lambda: bool(self._jobs) or self._closing, timeout_s)
            self._in_work = self._jobs.popleft() if self._jobs else None
            return self._in_work

    def done(self) -> None:
        """The job in work has ended."""
        with self._changed:
            self._in_work = None

    def close(self) -> None:
        """Take no more jobs; what waits may still be taken."""
        with self._changed:
            self._closing = True
            self._changed.notify_all()

    def wait_closing(self, timeout_s: float) -> None:
        """Wait `timeout_s`, or until it is closing."""
        with self._changed:
            self._changed.wait_for(lambda: self._closing, timeout_s)

    def drain(self) -> list[Job]:
        """Everything that has not ended, the job in work first; nothing is left."""
        with self._changed:
            left = [one for one in (self._in_work, *self._jobs) if one is not None]
            self._jobs.clear()
            self._in_work = None
            return left
