"""The recording thread: the only one that writes the record, at the pace of the disk."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from datetime import datetime, timezone
from threading import Lock, Thread
from time import monotonic

from edge.cells.namer import Namer
from edge.counting.counter import Seen
from edge.counting.field_count import FieldCount
from edge.plural import plural
from edge.record.clerk import Clerk, entries
from edge.record.comparison import Comparison
from edge.record.job_queue import JobQueue
from edge.record.jobs import CommitField, Job, KeepRefused, KeepSnapshot, WriteLedger
from edge.record.news import (
    DiskChanged,
    FieldCommitted,
    FieldLost,
    JobLost,
    PictureLost,
    RecordClosed,
    RecordFailed,
    RecordNews,
    RecordOpened,
)
from edge.record.persistence import RETRY_S, Persistence
from edge.record.recorder import Recorder
from edge.record.store.errors import StoreBusy, StoreError
from edge.session.events import Disk, DiskLevel
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger

log = logging.getLogger(__name__)

DISK_LOOKED_AT_EVERY_S = 5.0
BACKUP_ASKED_FOR_EVERY_S = 600.0
"""And once when a session ends, so that short ones are copied too."""
NO_ROOM_LEFT_S = 60.0
"""Where no picture is left that may go, looking for some (a walk over all folders) is not worth more often."""
TOLD_BY = 0.05
"""A change of the free space by this share is told, and any change of its level."""
CLOSING_S = 60.0
"""SQLite waits 10 s for a lock; a disk that keeps the last commit longer than this does not come back."""


class Recording:
    """Owns the record. Jobs (edge.record.jobs) go in and are done in their order; news (edge.record.news) come out.

    Every CommitField ends in exactly one FieldCommitted or FieldLost, whatever fails: on a full disk or a locked database
    the job in hand is tried again until it is through; at the session's end once more; another error ends the record.
    RunningLedger, totals and news follow the record: what is told as committed is on the disk.
    """

    def __init__(
        self, open_recorder: Callable[[], Recorder], books: RunningLedger, wake: Callable[[], object], capacity: int = 4, *,
        compare: Callable[[Seen, FieldCount], FieldCount], namer: Namer | None = None, retry_s: tuple[float, ...] = RETRY_S,
    ) -> None:  # fmt: skip
        """`open_recorder` makes the Recorder, which is entered on the recording thread; `compare` is FieldCounter.compared,
        `namer` names cells where that is wanted. `wake` is called, from any thread, when there is news."""
        self._open_recorder, self._books, self._wake = open_recorder, books, wake
        self._comparison = Comparison(compare, namer)
        self._queue = JobQueue(capacity)
        self._persist = Persistence(self._queue, self._tell, retry_s)
        self._lock = Lock()
        self._news: deque[RecordNews] = deque()  # about one a job: the loop takes them all
        self._thread: Thread | None = None
        self._reason = FinishReason.STOPPED
        self._recorder: Recorder | None = None
        self._disk: Disk | None = None
        self._ended: int | None = None
        self._left_behind = False
        self._look_s = self._room_s = 0.0
        self._backup_s = monotonic() + BACKUP_ASKED_FOR_EVERY_S

    @property
    def full(self) -> bool:
        """`capacity` fields and pictures wait or are in work: take no frame, the record is slow."""
        return self._queue.full

    @property
    def comparing(self) -> bool:
        """The field that is next to be recorded is still being counted by the other methods."""
        return self._comparison.awaited

    @property
    def idle(self) -> bool:
        """Nothing waits and nothing is in work."""
        return self._queue.idle

    def start(self) -> None:
        """Open the record; RecordOpened or RecordFailed tells what came of it."""
        # A daemon: a dead disk (a write that never returns) must not keep the program from ending.
        self._thread = Thread(target=self._work, name="recording", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Have this done; never blocks. What cannot be taken any more is told as lost at once."""
        if isinstance(job, KeepRefused) and self._recorder is not None and not self._recorder.keeps_refused:
            return
        if isinstance(job, CommitField):
            self._comparison.begin(job)
        gone = self._queue.put(job)
        if gone is not None:
            closing = self._queue.closing
            self._lose(gone, StoreBusy("the record is closed" if closing else "too much waits for the record"))

    def take(self) -> RecordNews | None:
        """The next news, or None; never blocks."""
        with self._lock:
            return self._news.popleft() if self._news else None

    def finish(self, reason: FinishReason) -> None:
        """Do what waits, record the books' last ledger and `reason`, and close; does not wait. RecordClosed is the last
        news. By then every frame must have ended but for the fields that wait."""
        if not self._queue.closing:
            self._reason = reason
        self._queue.close()
        if self._thread is None:
            self._end_all(StoreError("the record was never opened"))

    def close(self, reason: FinishReason) -> None:
        """`finish`, and wait for the thread, 60 s at most. What it has not told by then is unknown, and for the caller to end
        in the books: a thread that comes back later enters nothing there."""
        self.finish(reason)
        if self._thread is not None:
            self._thread.join(CLOSING_S)
            if self._thread.is_alive():
                self._left_behind = True
                self._persist.give_up(StoreBusy(f"the disk did not answer for {CLOSING_S:.0f} s"))
                log.error("the disk does not answer for %.0f s: the recording thread is left behind", CLOSING_S)

    # The recording thread from here on.

    def _work(self) -> None:
        try:
            recorder = self._open_recorder()
            with ExitStack() as held:
                self._persist(lambda: held.enter_context(recorder))
                self._serve(recorder)
        except StoreError as error:
            self._fail(error)
        except Exception as error:
            log.exception("the recording thread failed")
            self._fail(StoreError(f"recording ended by a fault of HemoCam's ({type(error).__name__}: {error}); see the log"))
        finally:
            self._comparison.close()
            self._tell(RecordClosed())

    def _serve(self, recorder: Recorder) -> None:
        clerk = self._persist(lambda: Clerk(recorder, self._books, self._comparison, self._persist, self._answer))
        if (resumed := recorder.resumed) is not None:
            self._books.resume(resumed.ledger, resumed.rejections)
        self._recorder = recorder
        opened = RecordOpened(recorder.session_id, clerk.totals, resumed, recorder.recent, recorder.specimen)
        self._tell(opened)
        while True:
            self._look_at_disk(recorder)
            closing = self._queue.closing
            if not closing:
                self._back_up(recorder)
            job = self._queue.take(DISK_LOOKED_AT_EVERY_S)
            if job is None:
                if closing:
                    break
                continue
            try:
                clerk.do(job)
            except StoreError:
                self._queue.done()  # what became of this job was told
                raise
            self._queue.done()
        self._back_up(recorder)
        self._persist(lambda: recorder.finish(*entries(self._books), self._reason))

    def _look_at_disk(self, recorder: Recorder) -> None:
        if monotonic() < self._look_s:
            return
        self._look_s = monotonic() + DISK_LOOKED_AT_EVERY_S
        try:
            disk = recorder.disk()
            if disk.level is not DiskLevel.OK and monotonic() >= self._room_s:
                room = recorder.make_room()
                if room.pictures:
                    text = f"{plural(room.pictures, 'picture')} dropped to make room, {room.freed_bytes // 1_000_000} MB"
                    recorder.event("retention", text, datetime.now(timezone.utc), monotonic())
                    disk = recorder.disk()
                else:
                    self._room_s = monotonic() + NO_ROOM_LEFT_S
        except StoreError as error:
            log.warning("the disk could not be looked after: %s", error)
            return
        told = self._disk
        if told is None or told.level is not disk.level or abs(disk.free_bytes - told.free_bytes) > TOLD_BY * told.free_bytes:
            self._disk = disk
            self._tell(DiskChanged(disk))

    def _back_up(self, recorder: Recorder) -> None:
        """Once a day, while nothing waits to be recorded, or at the end."""
        if not self._queue.closing and (monotonic() < self._backup_s or not self._queue.idle):
            return
        self._backup_s = monotonic() + BACKUP_ASKED_FOR_EVERY_S
        try:
            if (made := recorder.back_up()) is not None:
                recorder.event("backup", f"copied to {made.parent.name}/{made.name}", datetime.now(timezone.utc), monotonic())
        except StoreError as error:
            log.warning("the daily backup was not made: %s", error)

    def _fail(self, error: StoreError) -> None:
        self._queue.close()
        self._end_all(error)
        self._tell(RecordFailed(error))

    def _end_all(self, error: StoreError) -> None:
        for job in self._queue.drain():
            if not self._left_behind and not (isinstance(job, CommitField) and job.token == self._ended):
                self._lose(job, error)

    def _lose(self, job: Job, error: StoreError) -> None:
        match job:
            case CommitField(token=token):
                self._comparison.forget(token)
                self._books.commit_failed()
                self._tell(FieldLost(token, error))
            case KeepSnapshot() | KeepRefused():
                self._tell(PictureLost(error))
            case WriteLedger():
                log.info("a ledger that waited is not written: %s", error)
            case _:
                self._tell(JobLost(job, error))

    def _answer(self, news: RecordNews) -> None:
        if isinstance(news, FieldCommitted | FieldLost):
            self._ended = news.token
        self._tell(news)

    def _tell(self, news: RecordNews) -> None:
        with self._lock:
            self._news.append(news)
        self._wake()
