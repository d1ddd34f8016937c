"""The record's side of the loop: the field on the screen, those being recorded, and what the record says of the slide."""

from __future__ import annotations

from dataclasses import dataclass

from edge.counting.counter import Seen
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.loop.run_machine import Cause, Happening
from edge.loop.status_board import StatusBoard
from edge.optics.verdict import Accepted
from edge.plural import plural
from edge.record.jobs import (
    CommitField,
    KeepRefused,
    KeepSnapshot,
    NoteClockJump,
    NoteEvent,
    UndoField,
    WriteLedger,
)
from edge.record.news import (
    DiskChanged,
    FieldCommitted,
    FieldLost,
    FieldUndone,
    JobLost,
    NoteKept,
    NothingToUndo,
    PictureKept,
    PictureLost,
    RecordBack,
    RecordClosed,
    RecordFailed,
    RecordNews,
    RecordOpened,
    RecordWaits,
    SlideBegun,
)
from edge.record.recording import Recording
from edge.record.store.errors import StoreError
from edge.session.events import Disk, DiskLevel, PastCount, Severity
from edge.session.ledger import FrameState
from edge.session.running_ledger import RunningLedger
from edge.session.wishes import AddNote, NewSlide
from edge.slide.counted_area import CountedArea
from edge.slide.totals import SlideTotals


@dataclass(frozen=True, slots=True, eq=False)
class CountedField:
    """A field that was counted and may be accepted; `undone` as Known has it."""

    frame: Frame
    verdict: Accepted
    seen: Seen
    count: FieldCount
    latency_ms: float
    engine: str
    undone: int | None = None


class RecordDesk:
    """Hands accepted fields to the record and hears what became of them; only then is a field COUNTED. For one thread."""

    def __init__(self, recording: Recording, books: RunningLedger, area: CountedArea, board: StatusBoard) -> None:
        self._recording, self._books, self._area, self._board = recording, books, area, board
        self._shown: CountedField | None = None
        self._committing: dict[int, CountedField] = {}
        self._tokens = 0
        self.opened = self.closed = False
        self.failed: StoreError | None = None

    @property
    def committing(self) -> int:
        """Fields that were accepted, and are not yet on the disk."""
        return len(self._committing)

    def put_up(self, field: CountedField) -> None:
        """Show this field: it may be accepted until another frame comes. The one before has been taken down."""
        self._shown = field

    def take_down(self) -> None:
        """Nobody accepted the field on the screen."""
        if self._shown is not None:
            self._shown = None
            self._books.end(FrameState.DROPPED)

    def accept(self) -> None:
        """Have the field on the screen recorded. From now on the same field is known."""
        field, self._shown = self._shown, None
        if field is None:
            return self._board.say(Severity.INFO, "There is no counted field to accept: wait for a still, sharp picture.")
        self._tokens += 1
        token = self._tokens
        self._committing[token] = field
        view = self._area.add(token, field.frame.pixels, field.undone)
        quality = field.verdict.quality
        return self._recording.submit(
            CommitField(token, field.frame, field.seen, field.count, quality, field.latency_ms, field.engine, view)
        )

    def ask(self, job: AddNote | UndoField | KeepSnapshot | KeepRefused) -> None:
        """Have the record do this."""
        self._recording.submit(job)

    def begin_slide(self, slide: NewSlide) -> None:
        """What is accepted from now on belongs to the next slide; the field on the screen is of the last."""
        self.take_down()
        self._area.clear()
        self._recording.submit(slide)

    def give_up(self) -> None:
        """The record has closed, or its thread does not answer any more: what it has not told of is unknown, so it failed."""
        self.hear()
        for token in tuple(self._committing):
            self._books.commit_failed()
            self._lost(token)

    def hear(self) -> bool:
        """Take the recording thread's news. Whether there was any."""
        heard = False
        while (news := self._recording.take()) is not None:
            heard = True
            self._hear(news)
        return heard

    def _hear(self, news: RecordNews) -> None:
        board = self._board
        match news:
            case RecordOpened(session_id, totals, resumed, recent, specimen):
                self.opened, board.session_id = True, session_id
                if resumed is not None:
                    self._area.restore(resumed.views)
                    board.say(
                        Severity.INFO, f"the cut off session {session_id} goes on, {plural(totals.fields, 'field')} so far"
                    )
                self._slide_is(totals, recent, specimen)
                board.happen(Happening.RECORD_OPENED)
            case FieldCommitted(token, count, totals, recent):
                field = self._committing.pop(token)
                board.totals, board.recent = totals, recent
                board.show(field.frame, field.verdict, count, FrameState.COUNTED)
            case FieldLost(token, error):
                board.say(Severity.ERROR, f"a counted field is not recorded: {error}")
                self._lost(token)
            case FieldUndone(totals, recent, number, token):
                self._area.undone(token)
                board.totals, board.recent = totals, recent
                board.say(Severity.INFO, f"field {number} is undone; it is counted again only if you accept it")
                board.changed()
            case SlideBegun(totals, specimen):
                board.say(Severity.INFO, f"{totals.slide} begun" + (f", {specimen}" if specimen else ""))
                self._slide_is(totals, (), specimen)
            case RecordFailed(error):
                self.failed = error
                board.say(Severity.ERROR, str(error))
            case RecordClosed():
                self.closed = True
            case _:
                self._hear_small(news)

    def _hear_small(self, news: RecordNews) -> None:
        board = self._board
        match news:
            case NothingToUndo():
                board.say(Severity.INFO, "This slide has no field to undo.")
            case NoteKept(text):
                board.say(Severity.INFO, f"note kept: {text}")
            case PictureKept(path):
                board.say(Severity.INFO, f"picture kept: {path.name} in {path.parent}")
            case PictureLost(error):
                board.say(Severity.WARNING, f"a picture is not kept: {error}")
            case JobLost(job, error) if not isinstance(job, NoteEvent | NoteClockJump | WriteLedger):
                board.say(Severity.WARNING, f"not recorded ({type(job).__name__}): {error}")
            case RecordWaits(error, retry_in_s):
                if Cause.RECORD_WAITING not in board.machine.causes:
                    board.say(Severity.ERROR, f"the record waits: {error}")
                board.happen(Happening.RECORD_WAITS, f"the record waits: {error}; tried again in {retry_in_s:g} s")
            case RecordBack():
                board.happen(Happening.RECORD_BACK)
            case DiskChanged(disk):
                self._disk_is(disk)

    def _lost(self, token: int) -> None:
        field = self._committing.pop(token)
        self._area.lost(token)
        self._board.show(field.frame, field.verdict, None, FrameState.FAILED)

    def _slide_is(self, totals: SlideTotals, recent: tuple[PastCount, ...], specimen: str) -> None:
        self._board.totals, self._board.recent, self._board.specimen = totals, recent, specimen
        self._board.changed()

    def _disk_is(self, disk: Disk) -> None:
        board, before = self._board, self._board.disk
        board.disk = disk
        free = f"{disk.free_bytes // 1_000_000} MB are free on the record's disk"
        if before is None or before.level is not disk.level:
            if disk.level is DiskLevel.LOW:
                board.say(Severity.WARNING, f"{free}: old pictures are dropped, rejected ones first; free some space")
            elif disk.level is DiskLevel.FULL:
                board.say(Severity.ERROR, f"{free}: nothing more is counted until there is room")
        if disk.level is DiskLevel.FULL:
            board.happen(Happening.DISK_FULL, f"{free}; free some space")
        else:
            board.happen(Happening.DISK_FREED)
        board.changed()
