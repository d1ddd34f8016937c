"""What the loop found, as the store keeps it."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from datetime import datetime, timezone
from pathlib import Path
from time import monotonic
from types import TracebackType

from edge.counting.cell import CellClass
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.record.news import Resumed
from edge.record.rows import cell_row, ledger_of, ledger_row, new_field, new_session, past_count
from edge.record.session_pictures import SessionPictures
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.daily_backup import back_up_daily
from edge.record.store.errors import StoreError, StoreFull, StoreNotFound
from edge.record.store.reader import MOST_RECENT
from edge.record.store.records import FieldRecord, SlideRecord
from edge.record.store.retention import Room, make_room
from edge.record.store.space import SpaceGuard
from edge.record.store.store import Store
from edge.session.events import Disk, DiskLevel, PastCount
from edge.session.ledger import Ledger
from edge.session.origin import SessionOrigin
from edge.session.run_state import FinishReason
from edge.session.wall_clock import ClockJump, boot_id, clock_trusted
from edge.slide.totals import SlideTotals

log = logging.getLogger(__name__)


class Recorder:
    """One session in a store, used in `with` by one thread; all may raise StoreError, and may be tried again then.

    A field is in `totals` only once it is committed. What was written although an error came back (the disk failed between
    the commit and its answer) is found at the next try, and not written twice.
    """

    def __init__(
        self, store: Store, origin: SessionOrigin, settings: RecordSettings | None = None, *,
        now: Callable[[], datetime] = lambda: datetime.now(timezone.utc),
        clock_trusted: Callable[[], bool | None] = clock_trusted,
    ) -> None:  # fmt: skip
        """`store` is not yet open: entering the recorder opens it, leaving closes it."""
        self._store, self._origin, self._settings = store, origin, settings or RecordSettings()
        self._now, self._clock_trusted = now, clock_trusted
        self._space = SpaceGuard(store.folder, self._settings.soft_free_bytes, self._settings.hard_free_bytes)
        self._held = ExitStack()
        self._recent: deque[PastCount] = deque(maxlen=MOST_RECENT)
        self._uncertain = False
        self.session_id = ""
        self.resumed: Resumed | None = None

    def __enter__(self) -> Recorder:
        """Open the store and a session: the interrupted one, or a new one. Where it raises nothing is held."""
        with ExitStack() as held:
            store = held.enter_context(self._store)
            self._begin(store)
            self._pictures = SessionPictures(store.folder, self.session_id, self._settings.save_images)
            slides = store.slides(self.session_id)
            self._slide = slides[-1] if slides else self.new_slide()
            self._recent = deque(map(past_count, store.recent_fields(self._slide.id)), MOST_RECENT)
            self._held = held.pop_all()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._held.close()

    def _begin(self, store: Store) -> None:
        origin = self._origin
        if self.session_id:  # begun by an earlier try, which failed further on
            store.resume_session(self.session_id)
            return
        found = None
        if self._settings.resume:
            found = store.interrupted_session(origin.camera, origin.model_sha256, origin.specimen)
        if found is None:
            self.session_id = store.begin_session(new_session(origin, self._now(), boot_id(), self._clock_trusted())).id
            return
        session = store.resume_session(found.id)
        slides = store.slides(session.id)
        views = tuple(store.views(slides[-1].id)) if slides else ()
        self.resumed = Resumed(ledger_of(session.ledger), dict(session.ledger.rejections), views)
        text = f"the session goes on after an interruption, on boot {boot_id()}"
        store.add_event(session.id, "resumed", text, self._now(), monotonic())
        self.session_id = session.id

    @property
    def keeps_refused(self) -> bool:
        """Whether pictures of frames that were not counted are kept at all."""
        return self._settings.save_images is SaveImages.ALL

    @property
    def fields(self) -> int:
        """Fields of the whole session that stand: as many as its ledger counts."""
        return self._store.session_totals(self.session_id).fields

    @property
    def totals(self) -> SlideTotals:
        """What the store holds of the slide in hand."""
        totals = self._store.totals(self._slide.id)
        cells = {CellClass(kind): n for kind, n in totals.cells.items()}
        return SlideTotals(self._slide.name, totals.fields, cells, totals.types)

    @property
    def recent(self) -> tuple[PastCount, ...]:
        """The last committed fields of the slide in hand, 60 at most, oldest first."""
        return tuple(self._recent)

    @property
    def specimen(self) -> str:
        """What the slide in hand is a smear of."""
        return self._slide.specimen

    def new_slide(self, specimen: str | None = None) -> SlideRecord:
        """Begin the session's next slide, of the specimen in hand where none is named."""
        slides = self._store.slides(self.session_id)
        if specimen is None and slides:
            specimen = slides[-1].specimen
        self._slide = self._store.begin_slide(self.session_id, f"slide {len(slides) + 1}", self._now(), specimen)
        self._recent.clear()
        return self._slide

    def commit(
        self, frame: Frame, count: FieldCount, focus: float, latency_ms: float, ledger: Ledger, rejections: Mapping[str, int],
        *, image: str | None = None, engine: str = "", view: bytes | None = None,
    ) -> PastCount:  # fmt: skip
        """Record a counted field with its cells; `ledger` has this frame among the counted."""
        field = new_field(
            self._slide.id, frame, count, focus=focus, latency_ms=latency_ms, image=image, engine=engine, view=view,
            clock_trusted=self._clock_trusted(),
        )  # fmt: skip
        cells = [cell_row(cell) for cell in count.cells]
        record = self._surely(
            lambda: self._store.commit_field(field, cells, ledger_row(ledger, rejections)),
            lambda last: last is not None and (last.sequence, last.monotonic_s) == (frame.sequence, frame.monotonic_s),
        )
        self._recent.append(past_count(record or self._store.recent_fields(self._slide.id, 1)[-1]))
        self._uncertain = False
        return self._recent[-1]

    def undo(self, ledger: Ledger, rejections: Mapping[str, int]) -> PastCount:
        """Take the slide's last field out of the totals; `ledger` has its frame among the rejected. Gives that field.

        Raises StoreNotFound where the slide has none.
        """
        if not self._recent:
            raise StoreNotFound(f"{self._slide.name} of session {self.session_id} has no field to undo")
        undone = self._recent[-1]
        self._surely(
            lambda: self._store.undo_field(self.session_id, ledger_row(ledger, rejections), self._now()),
            lambda last: last is None or last.number < undone.number,
        )
        self._recent = deque(map(past_count, self._store.recent_fields(self._slide.id)), MOST_RECENT)
        self._uncertain = False
        return undone

    def _surely(self, write: Callable[[], FieldRecord], landed: Callable[[FieldRecord | None], bool]) -> FieldRecord | None:
        """Write once, also where an earlier try failed after it had written; then there is None to give.

        `landed` tells it by the slide's last field. Who calls is certain again once all that follows has been read.
        """
        if self._uncertain and landed(self._last()):
            return None
        self._uncertain = True
        try:
            return write()
        except StoreError:
            try:
                if landed(self._last()):
                    return None
            except StoreError as error:
                log.warning("whether the record took it shows at the next try: %s", error)
            raise

    def _last(self) -> FieldRecord | None:
        return next(iter(self._store.recent_fields(self._slide.id, 1)), None)

    def note(self, text: str, written: datetime) -> None:
        """Keep a person's words with the slide in hand and its last field."""
        self._store.add_note(self.session_id, text, written)

    def event(self, kind: str, text: str, at: datetime, monotonic_s: float) -> None:
        """Something happened to the session."""
        self._store.add_event(self.session_id, kind, text, at, monotonic_s)

    def clock_jump(self, jump: ClockJump) -> None:
        """The wall clock was set; durations don't follow it, the record says so."""
        text = f"the wall clock went from {jump.before.isoformat()} to {jump.after.isoformat()}"
        self._store.add_event(self.session_id, "clock", text, jump.after, jump.monotonic_s, jump_s=jump.jump_s)

    def update(self, ledger: Ledger, rejections: Mapping[str, int]) -> None:
        """Record how the frames ended that were not counted."""
        self._store.update_ledger(self.session_id, ledger_row(ledger, rejections))

    def finish(self, ledger: Ledger, rejections: Mapping[str, int], reason: FinishReason) -> None:
        """Close the session."""
        self._store.finish_session(self.session_id, ledger_row(ledger, rejections), reason.value, self._now())

    def picture(self, frame: Frame) -> str | None:
        """Keep a counted field's picture before its commit; None where none is kept, or the disk is full."""
        return None if self.disk().level is DiskLevel.FULL else self._pictures.counted(frame, self._slide.number)

    def discard(self, image: str) -> None:
        """Take away the picture of a field that was not committed."""
        self._pictures.discard(image)

    def refuse(self, frame: Frame, reason: str) -> None:
        """Keep the picture of a frame that was not counted, where all are kept and the disk is not full."""
        if self.disk().level is not DiskLevel.FULL:
            self._pictures.refused(frame, reason)

    def snapshot(self, frame: Frame) -> Path:
        """Keep this frame now, whatever is kept otherwise. Raises StoreFull on a full disk: the room left is for counts."""
        disk = self.disk()
        if disk.level is DiskLevel.FULL:
            raise StoreFull(
                f"{self._store.folder} has {disk.free_bytes // 1_000_000} MB left, which are kept for counts; free some space"
            )
        return self._pictures.snapshot(frame)

    def disk(self) -> Disk:
        """How much room is left."""
        free_bytes, level = self._space.level()
        return Disk(free_bytes, DiskLevel(level))

    def back_up(self) -> Path | None:
        """Copy the database where the last copy is a day old; the copy, or None. On a low disk the room left is for fields."""
        if self.disk().level is not DiskLevel.OK:
            return None
        return back_up_daily(self._store.folder, self._settings.daily_backups)

    def make_room(self) -> Room:
        """Drop old pictures until the disk is no longer low, as far as there are any that may go."""
        return make_room(self._store, self._space.wanted_free_bytes - self._space.level().free_bytes)
