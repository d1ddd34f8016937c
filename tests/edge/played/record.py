"""A recording thread, and the store behind it, played step by step."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

from edge.counting.cell import CellClass
from edge.record.jobs import CommitField, Job, KeepSnapshot, UndoField, WriteLedger
from edge.record.news import (
    DiskChanged,
    FieldCommitted,
    FieldLost,
    FieldUndone,
    NoteKept,
    NothingToUndo,
    RecordBack,
    RecordClosed,
    RecordFailed,
    RecordNews,
    RecordOpened,
    RecordWaits,
    Resumed,
    SlideBegun,
)
from edge.record.store.errors import StoreError, StoreFull
from edge.session.events import Disk, DiskLevel, PastCount
from edge.session.ledger import Ledger
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from edge.session.wishes import AddNote, NewSlide
from edge.slide.totals import SlideTotals
from tests.edge.played.counting import shot_of

CAPACITY = 4


@dataclass
class Row:
    token: int
    slide: int
    spot: int
    undone: bool = False


class PlayedRecord:
    """Stands for Recording, and for the store behind it: `rows` are what is on the disk."""

    def __init__(self, books: RunningLedger) -> None:
        self._books = books
        self.news = deque[RecordNews]()
        self.jobs = deque[Job]()
        self.done: list[Job] = []
        self.rows: list[Row] = []
        self.slide = 1
        self.started = self.opened = self.failed = self.finishing = self.closed = self.waiting = False
        self.methods_slow = False
        self.resumed: Resumed | None = None
        self.written: Ledger | None = None

    @property
    def comparing(self) -> bool:
        return self.methods_slow

    @property
    def full(self) -> bool:
        return sum(isinstance(job, CommitField) for job in self.jobs) >= CAPACITY

    @property
    def idle(self) -> bool:
        return not self.jobs

    def start(self) -> None:
        self.started = True

    def submit(self, job: Job) -> None:
        if isinstance(job, CommitField) and (self.failed or self.finishing):
            self._lose(job, StoreError("closed"))
        else:
            self.jobs.append(job)

    def take(self) -> RecordNews | None:
        return self.news.popleft() if self.news else None

    def finish(self, reason: FinishReason) -> None:
        self.finishing = True

    def close(self, reason: FinishReason) -> None:
        self.closed = True

    def open(self) -> None:
        if self.started and not self.opened and not self.failed:
            self.opened = True
            if self.resumed is not None:
                self._books.resume(self.resumed.ledger, self.resumed.rejections)
            self.news.append(RecordOpened("session", self.totals, self.resumed, self.recent, "S-1"))

    def work(self) -> None:
        """Do one job that a person waits for, and the small ones before it."""
        if not self.opened or self.failed:
            return
        if self.waiting:
            self.waiting = False
            self.news.append(RecordBack())
        if not self.jobs:
            if self.finishing and not self.closed:
                self.written = self._books.ledger
                self._close()
            return
        while self.jobs:
            self.done.append(job := self.jobs.popleft())
            self._do(job)
            if isinstance(job, CommitField | UndoField | NewSlide | AddNote | KeepSnapshot):
                break

    def _do(self, job: Job) -> None:
        match job:
            case CommitField():
                self._commit(job)
            case UndoField():
                self._undo()
            case NewSlide():
                self.slide += 1
                self.news.append(SlideBegun(self.totals, job.specimen or "S-1"))
            case AddNote(text):
                self.news.append(NoteKept(text))
            case WriteLedger():
                self.written = self._books.ledger

    def wait(self) -> None:
        if self.opened and self.jobs and not self.failed:
            self.waiting = True
            self.news.append(RecordWaits(StoreFull("disk is full"), 1.0))

    def lose(self) -> None:
        """The next job, where it is a field, is not written."""
        field = next((job for job in self.jobs if isinstance(job, CommitField)), None)
        if self.opened and field is not None:
            self.jobs.remove(field)
            self._lose(field, StoreFull("disk is full"))

    def fail(self) -> None:
        if not self.started or self.failed or self.closed:
            return
        self.failed = True
        for job in self.jobs:
            if isinstance(job, CommitField):
                self._lose(job, StoreError("disk I/O error"))
        self.jobs.clear()
        self.news.append(RecordFailed(StoreError("disk I/O error")))
        self._close()

    def disk(self, level: DiskLevel) -> None:
        if self.opened and not self.failed:
            self.news.append(DiskChanged(Disk(10_000_000, level)))

    def _close(self) -> None:
        self.closed = True
        self.news.append(RecordClosed())

    @property
    def kept(self) -> list[Row]:
        return [row for row in self.rows if not row.undone]

    @property
    def totals(self) -> SlideTotals:
        fields = sum(row.slide == self.slide for row in self.kept)
        return SlideTotals(f"slide {self.slide}", fields, {CellClass.RBC: fields})

    @property
    def recent(self) -> tuple[PastCount, ...]:
        return tuple(PastCount(n + 1, {}) for n, row in enumerate(self.kept) if row.slide == self.slide)[-60:]

    def _commit(self, job: CommitField) -> None:
        ledger, _ = self._books.commit_ledger()
        self.rows.append(Row(job.token, self.slide, shot_of(job.frame.pixels).spot))
        self.written = ledger
        self._books.committed()
        self.news.append(FieldCommitted(job.token, replace(job.count, ms={"compare": 1.0}), self.totals, self.recent))

    def _lose(self, job: CommitField, error: StoreError) -> None:
        self._books.commit_failed()
        self.news.append(FieldLost(job.token, error))

    def _undo(self) -> None:
        rows = [row for row in self.kept if row.slide == self.slide]
        if not rows:
            self.news.append(NothingToUndo())
            return
        self.written, _ = self._books.undo_ledger()
        rows[-1].undone = True
        self._books.undone()
        number = sum(row.slide == self.slide for row in self.rows)
        self.news.append(FieldUndone(self.totals, self.recent, number, rows[-1].token or None))
