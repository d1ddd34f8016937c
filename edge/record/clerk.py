"""One job after another, from the loop's words to the record's rows."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from time import monotonic

from edge.counting.errors import CountingError
from edge.counting.field_count import FieldCount
from edge.record.comparison import Comparison
from edge.record.jobs import (
    CommitField,
    Job,
    KeepRefused,
    KeepSnapshot,
    NoteClockJump,
    NoteEvent,
    UndoField,
    WriteLedger,
)
from edge.record.news import (
    FieldCommitted,
    FieldLost,
    FieldUndone,
    JobLost,
    NoteKept,
    NothingToUndo,
    PictureKept,
    PictureLost,
    RecordNews,
    SlideBegun,
)
from edge.record.persistence import PASSING, Persistence
from edge.record.recorder import Recorder
from edge.record.store.errors import StoreError
from edge.session.events import PastCount
from edge.session.ledger import Ledger
from edge.session.running_ledger import RunningLedger
from edge.session.wishes import AddNote, NewSlide
from edge.slide.totals import SlideTotals

log = logging.getLogger(__name__)

LOST_TOLD_EVERY_S = 10.0
"""A full disk loses every picture; one word about it in so many seconds is enough."""


class Clerk:
    """Does the jobs with a recorder and keeps the books in step with it, on the recording thread.

    `do` tells what became of the job, then raises StoreError where its error will not pass (a damaged file, a disk that was
    pulled out): the record is then at its end.
    """

    def __init__(
        self, recorder: Recorder, books: RunningLedger, comparison: Comparison, persist: Persistence,
        tell: Callable[[RecordNews], None],
    ) -> None:  # fmt: skip
        self._recorder, self._books, self._comparison = recorder, books, comparison
        self._persist, self._tell = persist, tell
        self.totals = recorder.totals
        self._tokens: dict[int, int] = {}
        self._lost_told_s = -LOST_TOLD_EVERY_S

    def do(self, job: Job) -> None:
        """One job, to its end. Raises StoreError where the record is at its own."""
        match job:
            case CommitField():
                return self._commit(job)
            case KeepSnapshot():
                return self._snapshot(job)
            case KeepRefused():
                return self._refuse(job)
        try:
            self._small(job)
        except StoreError as error:
            self._tell(JobLost(job, error))
            if not isinstance(error, PASSING):
                raise
        return None

    def _commit(self, job: CommitField) -> None:
        count = self._compared(job)
        image = self._picture(job)

        def write() -> PastCount:
            ledger, rejections = self._books.commit_ledger()
            return self._recorder.commit(
                job.frame, count, job.quality.focus, job.latency_ms, ledger, rejections, image=image, engine=job.engine,
                view=job.view,
            )  # fmt: skip

        try:
            past = self._persist(write)
        except StoreError as error:
            self._lose(job, image, error)
            if not isinstance(error, PASSING):
                raise
            return
        except ValueError as error:
            # Not the disk: these numbers cannot be a row (a cell at infinity), or the books differ from the record.
            log.exception("a field could not be recorded")
            wrong = StoreError(f"this field cannot be recorded ({error}); the log says more")
            self._lose(job, image, wrong)
            self._require_agreement(wrong)
            return
        self._books.committed()
        self._tokens[past.number] = job.token
        try:
            totals = self._persist(lambda: self._recorder.totals)
        except BaseException:
            # It is recorded, which must be told whatever happens; the record would say what it said before and this field.
            self._tell(FieldCommitted(job.token, count, _with(self.totals, count), self._recorder.recent))
            raise
        self.totals = totals
        self._tell(FieldCommitted(job.token, count, totals, self._recorder.recent))

    def _compared(self, job: CommitField) -> FieldCount:
        try:
            return self._comparison.of(job)
        except CountingError as error:
            log.warning("field %d is recorded without the other methods' numbers: %s", job.token, error)
            return job.count

    def _picture(self, job: CommitField) -> str | None:
        try:
            return self._recorder.picture(job.frame)
        except StoreError as error:
            self._picture_lost(error)
            return None

    def _lose(self, job: CommitField, image: str | None, error: StoreError) -> None:
        self._books.commit_failed()
        self._tell(FieldLost(job.token, error))
        if image is not None:
            try:
                self._recorder.discard(image)
            except StoreError as left:
                log.warning("the picture of a lost field stays (`hemocam store repair` takes it away): %s", left)

    def _require_agreement(self, error: StoreError) -> None:
        if self._recorder.fields != self._books.ledger.counted:
            raise StoreError(
                f"the record has {self._recorder.fields} fields, the ledger {self._books.ledger.counted}: {error}"
            ) from error

    def _snapshot(self, job: KeepSnapshot) -> None:
        try:
            self._tell(PictureKept(self._recorder.snapshot(job.frame)))
        except StoreError as error:
            self._tell(PictureLost(error))

    def _refuse(self, job: KeepRefused) -> None:
        try:
            self._recorder.refuse(job.frame, job.reason)
        except StoreError as error:
            self._picture_lost(error)

    def _picture_lost(self, error: StoreError) -> None:
        log.warning("a picture is lost: %s", error)
        if monotonic() - self._lost_told_s >= LOST_TOLD_EVERY_S:
            self._lost_told_s = monotonic()
            self._tell(PictureLost(error))

    def _small(self, job: Job) -> None:
        recorder, books, persist = self._recorder, self._books, self._persist
        match job:
            case NewSlide(specimen):
                persist(lambda: recorder.new_slide(specimen))
                self._tokens.clear()
                self.totals = persist(lambda: recorder.totals)
                self._tell(SlideBegun(self.totals, recorder.specimen))
            case UndoField():
                self._undo()
            case AddNote(text, written):
                persist(lambda: recorder.note(text, written))
                self._tell(NoteKept(text))
            case NoteEvent(kind, text, at, monotonic_s):
                persist(lambda: recorder.event(kind, text, at, monotonic_s))
            case NoteClockJump(jump):
                persist(lambda: recorder.clock_jump(jump))
            case WriteLedger():
                persist(lambda: recorder.update(*entries(books)))

    def _undo(self) -> None:
        if not self._recorder.recent:
            return self._tell(NothingToUndo())
        past = self._persist(lambda: self._recorder.undo(*self._books.undo_ledger()))
        self._books.undone()
        self.totals = self._persist(lambda: self._recorder.totals)
        return self._tell(FieldUndone(self.totals, self._recorder.recent, past.number, self._tokens.pop(past.number, None)))


def entries(books: RunningLedger) -> tuple[Ledger, Mapping[str, int]]:
    """Ledger and rejections of one instant: the loop may reject a frame between the two questions."""
    while True:
        ledger, rejections = books.ledger, books.rejections
        if sum(rejections.values()) == ledger.rejected:
            return ledger, rejections


def _with(totals: SlideTotals, count: FieldCount) -> SlideTotals:
    cells = {kind: totals.cells.get(kind, 0) + n for kind, n in count.counts.items()}
    return SlideTotals(totals.slide, totals.fields + 1, {**totals.cells, **cells}, totals.types)
