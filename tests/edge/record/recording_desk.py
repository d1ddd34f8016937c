"""A recording with its books, as the loop holds them, and a store whose calls fail as a script says."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from threading import Event
from typing import Any, cast

from edge.counting.counter import Seen
from edge.counting.field_count import FieldCount
from edge.record.jobs import CommitField, Job
from edge.record.news import FieldCommitted, FieldLost, RecordClosed, RecordNews, RecordOpened
from edge.record.recorder import Recorder
from edge.record.recording import Recording
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.errors import StoreBusy, StoreError, StoreFull
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionRecord
from edge.record.store.store import Store
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from tests.edge.fields import CARD, QUALITY, cell, count_of, frame_at

WAIT_S = 30.0
"""Only ever waited in full by a test that fails."""
NO_PICTURES = RecordSettings(SaveImages.NONE)
FULL, BUSY, BROKEN = StoreFull("the disk is full"), StoreBusy("the database is locked"), StoreError("disk I/O error")


class ScriptedStore(Store):
    """The real store; before each writing call the next word of `script` decides: None goes through, an error is raised and
    nothing written, an error in a list is raised after it was written."""

    def __init__(self, folder: Path, script: Iterable[StoreError | list[StoreError] | None] = ()) -> None:
        super().__init__(folder)
        self.script = list(script)
        self.calls = 0

    def _as_told(self, write: Callable[..., Any], *arguments: Any, **more: Any) -> Any:
        self.calls += 1
        word = self.script.pop(0) if self.script else None
        if isinstance(word, StoreError):
            raise word
        answer = write(*arguments, **more)
        if word is not None:
            raise word[0]
        return answer

    def commit_field(self, *arguments: Any) -> Any:
        return self._as_told(super().commit_field, *arguments)

    def undo_field(self, *arguments: Any) -> Any:
        return self._as_told(super().undo_field, *arguments)

    def update_ledger(self, *arguments: Any) -> Any:
        return self._as_told(super().update_ledger, *arguments)

    def add_note(self, *arguments: Any) -> Any:
        return self._as_told(super().add_note, *arguments)


class Desk:
    """What the loop does with a Recording. `news` are all that were taken."""

    def __init__(
        self, folder: Path, plan: RecordSettings = NO_PICTURES, script: Iterable[StoreError | list[StoreError] | None] = (), *,
        compare: Callable[[Seen, FieldCount], FieldCount] = lambda seen, count: count, capacity: int = 4,
        retry_s: tuple[float, ...] = (0.0,), namer: Any = None,
    ) -> None:  # fmt: skip
        self.folder, self.books, self.news, self.tokens = folder, RunningLedger(), list[RecordNews](), 0
        self.store = ScriptedStore(folder, script)
        self._news_here = Event()
        self.recording = Recording(
            lambda: Recorder(self.store, CARD, plan), self.books, self._news_here.set, capacity, compare=compare,
            retry_s=retry_s, namer=namer,
        )  # fmt: skip

    def started(self) -> Desk:
        self.recording.start()
        self.until(RecordOpened)
        return self

    def next(self) -> Any:
        while True:
            self._news_here.clear()
            if (news := self.recording.take()) is not None:
                self.news.append(news)
                return news
            assert self._news_here.wait(WAIT_S), f"no news came after {self.news}"

    def until(self, kind: type) -> Any:
        while not isinstance(news := self.next(), kind):
            assert not isinstance(news, RecordClosed), self.news
        return news

    def field(self, cells: int = 1, **changed: Any) -> int:
        """A captured frame with so many red cells is accepted; gives its token."""
        self.recording.submit(self.job(**{"count": count_of((cell(),) * cells), **changed}))
        return self.tokens

    def job(self, count: FieldCount, **changed: Any) -> CommitField:
        """A captured frame with this count."""
        self.tokens += 1
        self.books.captured()
        frame = frame_at(self.tokens % 8, self.tokens)
        job = {"frame": frame, "count": count, "seen": cast(Seen, None), "view": b"%d" % self.tokens, **changed}
        return CommitField(self.tokens, quality=QUALITY, latency_ms=40.0, engine="fake", **job)

    def ask(self, job: Job) -> None:
        self.recording.submit(job)

    def close(self, reason: FinishReason = FinishReason.STOPPED) -> Desk:
        self.recording.close(reason)
        while (news := self.recording.take()) is not None:
            self.news.append(news)
        return self

    def of(self, *kinds: type) -> list[Any]:
        return [one for one in self.news if isinstance(one, kinds)]

    def ended(self) -> list[tuple[str, int]]:
        """What became of the fields, in the order it was told."""
        return [(type(one).__name__, one.token) for one in self.of(FieldCommitted, FieldLost)]

    def session(self) -> SessionRecord:
        """The record's newest session, read by another connection."""
        with StoreReader(self.folder) as reader:
            return reader.latest_session()

    def check(self) -> None:
        """What must hold after any faults, once closed: each field ended once, nothing is in hand, and books, record and news
        say the same."""
        tokens = [token for _, token in self.ended()]
        assert sorted(tokens) == list(range(1, self.tokens + 1)), self.news
        ledger = self.books.ledger
        assert ledger.in_hand == 0
        assert ledger.failed == len(self.of(FieldLost))
        with StoreReader(self.folder) as reader:
            session = reader.latest_session()
            fields = reader.session_fields(session.id)
            assert session.ledger.counted == len(fields) == ledger.counted
            assert reader.session_totals(session.id).fields == len(fields)
