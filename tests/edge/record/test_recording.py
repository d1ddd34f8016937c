"""The recording thread over real SQLite files, on disks that fill up, lock and break."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timezone
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.counting.cell import CellClass, CellType, Method
from edge.counting.errors import MethodUnavailable
from edge.optics.verdict import RejectionReason
from edge.record.clerk import entries
from edge.record.jobs import (
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
    RecordOpened,
    RecordWaits,
    SlideBegun,
)
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.errors import StoreFull
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.record.store.store import Store
from edge.session.events import DiskLevel
from edge.session.ledger import FrameState, Ledger
from edge.session.run_state import FinishReason
from edge.session.running_ledger import RunningLedger
from edge.session.wall_clock import ClockJump
from edge.session.wishes import AddNote, NewSlide
from engines.contract import InferenceFailed
from tests.edge.fields import cell, count_of, frame_at
from tests.edge.record.recording_desk import BROKEN, BUSY, FULL, NO_PICTURES, Desk

AT = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
Make = Callable[..., Desk]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Make]:
    made: list[Desk] = []

    def make(*arguments: Any, **more: Any) -> Desk:
        made.append(Desk(tmp_path / "store", *arguments, **more))
        return made[-1]

    yield make
    for one in made:
        one.close()


def test_a_field_is_told_once_it_is_on_the_disk(desk: Make) -> None:
    made = desk().started()
    token = made.field(3)
    told = made.until(FieldCommitted)
    assert (told.token, told.totals.fields, told.totals.cells[CellClass.RBC]) == (token, 1, 3)
    assert [one.counts[CellClass.RBC] for one in told.recent] == [3]
    assert made.session().ledger.counted == 1
    made.close()
    assert made.session().state is SessionState.FINISHED
    assert made.session().finish_reason == "stopped"
    assert isinstance(made.news[-1], RecordClosed)
    made.check()


def test_the_other_methods_are_recorded(desk: Make) -> None:
    def compare(seen: object, count: Any) -> Any:
        return replace(count, by_method={CellClass.RBC: {Method.CENTRES: 1, Method.HOUGH: 2}})

    made = desk(compare=compare).started()
    made.field()
    assert made.until(FieldCommitted).count.by_method[CellClass.RBC][Method.HOUGH] == 2
    with StoreReader(made.folder) as reader:
        assert reader.session_fields(made.session().id)[0].by_method["rbc"] == {"centres": 1, "hough": 2}


class NamerDouble:
    """Calls every cell a lymphocyte, or fails."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error = error

    def typed(self, pixels: object, count: Any) -> Any:
        if self.error is not None:
            raise self.error
        cells = tuple(replace(one, type=CellType("lymphocyte", 0.9)) for one in count.cells)
        return replace(count, cells=cells, classifier="double")


def test_types_are_recorded_with_their_field(desk: Make) -> None:
    made = desk(namer=NamerDouble()).started()
    made.recording.submit(made.job(count_of((cell(CellClass.WBC), cell(CellClass.WBC, x=90.0)))))
    told = made.until(FieldCommitted)
    assert told.totals.types == {"lymphocyte": 2}
    with StoreReader(made.folder) as reader:
        field = reader.session_fields(made.session().id)[0]
        assert field.classifier == "double"
        assert [(one.type, one.type_probability) for one in reader.cells(field.id)] == [("lymphocyte", 0.9)] * 2
    made.ask(UndoField())
    assert made.until(FieldUndone).totals.types == {}


def test_a_classifier_that_fails_costs_no_count(desk: Make, caplog: pytest.LogCaptureFixture) -> None:
    made = desk(namer=NamerDouble(InferenceFailed("not finite"))).started()
    made.field(2)
    assert made.until(FieldCommitted).totals.cells[CellClass.RBC] == 2
    assert "recorded without types" in caplog.text


def test_while_methods_are_compared_the_record_is_not_said_to_be_slow(desk: Make) -> None:
    held, going = Event(), Event()

    def compare(seen: object, count: Any) -> Any:
        going.set()
        assert held.wait(30.0)
        return count

    made = desk(compare=compare).started()
    assert not made.recording.comparing
    made.ask(AddNote("the record itself is quick"))
    made.until(NoteKept)
    made.field()
    assert going.wait(30.0)
    while not made.recording.comparing:  # the recording thread has taken the field, and waits
        Event().wait(0.001)
    held.set()
    made.until(FieldCommitted)
    assert not made.recording.comparing


def test_the_next_field_is_compared_while_the_disk_waits(desk: Make) -> None:
    compared: list[int] = []
    both = Event()

    def compare(seen: object, count: Any) -> Any:
        compared.append(len(count.cells))
        if len(compared) == 2:
            both.set()
        return count

    made = desk(RecordSettings(), [FULL] * 3, compare=compare, retry_s=(0.05,)).started()
    made.field(1)
    made.field(2)
    assert both.wait(30.0)
    assert not made.ended() or made.ended() == [("FieldCommitted", 1)]
    made.until(FieldCommitted), made.until(FieldCommitted)
    assert compared == [1, 2]


def test_a_comparison_that_fails_costs_no_count(desk: Make) -> None:
    def compare(seen: object, count: Any) -> Any:
        raise MethodUnavailable("no outline map")

    made = desk(compare=compare).started()
    made.field(2)
    assert made.until(FieldCommitted).totals.cells[CellClass.RBC] == 2


@pytest.mark.parametrize("error", [FULL, BUSY])
def test_a_field_waits_until_there_is_room(desk: Make, error: Any) -> None:
    made = desk(RecordSettings(), [error] * 3).started()
    made.field()
    made.field()
    made.until(FieldCommitted), made.until(FieldCommitted)
    assert [type(one) for one in made.of(RecordWaits, RecordBack)] == [RecordWaits] * 3 + [RecordBack]
    assert made.of(RecordWaits)[0].error is error
    assert made.ended() == [("FieldCommitted", 1), ("FieldCommitted", 2)]
    assert len(list(made.folder.rglob("*.jpg"))) == 2, "a picture is written once, however often the row is tried"
    made.close().check()


def test_a_database_that_another_program_holds(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.record.store.writer.BUSY_TIMEOUT_S", 0.01)
    made = desk(retry_s=(0.01,)).started()
    other = sqlite3.connect(made.folder / "hemocam.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    made.field()
    assert "locked" in str(made.until(RecordWaits).error)
    assert made.books.ledger.in_hand == 1
    other.execute("ROLLBACK")
    other.close()
    made.until(RecordBack)
    made.until(FieldCommitted)
    made.close().check()


def test_a_database_that_may_not_grow(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """SQLite's own "database or disk is full", and room again after a while."""
    limit, real = [0], Store.commit_field

    def limited(self: Store, *arguments: Any) -> Any:
        self._connection.execute(f"PRAGMA max_page_count = {limit[0] or 2**30}")
        return real(self, *arguments)

    monkeypatch.setattr(Store, "commit_field", limited)
    made = desk(retry_s=(0.001,)).started()
    limit[0] = 1
    for _ in range(3):
        made.field(200)
    assert "full" in str(made.until(RecordWaits).error)
    made.until(RecordWaits)
    limit[0] = 0
    for _ in range(3):
        made.until(FieldCommitted)
    made.close().check()


def test_closing_while_it_waits_tries_once_more(desk: Make) -> None:
    made = desk(NO_PICTURES, [FULL, FULL], retry_s=(1000.0,)).started()
    made.field()
    made.until(RecordWaits)
    made.store.script.clear()
    made.close()
    assert made.ended() == [("FieldCommitted", 1)]
    made.check()
    assert made.session().state is SessionState.FINISHED


def test_closing_while_it_waits_in_vain_loses_no_field_silently(desk: Make) -> None:
    made = desk(RecordSettings(), [BUSY] * 1000, retry_s=(1000.0,)).started()
    for _ in range(3):
        made.field()
    made.ask(AddNote("a note"))
    made.until(RecordWaits)
    calls = made.store.calls
    made.close()
    assert made.store.calls == calls + 1, "one last try, not one for each that waits"
    assert made.ended() == [("FieldLost", 1), ("FieldLost", 2), ("FieldLost", 3)]
    assert isinstance(made.of(JobLost)[0].job, AddNote)
    assert [type(one) for one in made.news[-2:]] == [RecordFailed, RecordClosed]
    made.check()
    assert made.books.ledger == Ledger(captured=3, failed=3)
    assert made.session().state is SessionState.INTERRUPTED, "it may be resumed"
    assert list(made.folder.rglob("*.jpg")) == []


def test_a_broken_disk_ends_the_record(desk: Make) -> None:
    made = desk(NO_PICTURES, [None, BROKEN])
    for _ in range(4):
        made.field()
    made.recording.start()
    made.until(RecordClosed)
    assert made.ended() == [("FieldCommitted", 1), ("FieldLost", 2), ("FieldLost", 3), ("FieldLost", 4)]
    assert made.of(RecordFailed)[0].error is BROKEN
    late = made.field()
    assert made.next() == FieldLost(late, made.news[-1].error)
    made.ask(AddNote("too late"))
    assert isinstance(made.next(), JobLost)
    made.close(FinishReason.STORE_FAILED).check()


def test_a_disk_that_never_answers_is_left_behind(desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    held, going = Event(), Event()
    real = Store.commit_field

    def hangs(self: Store, *arguments: Any) -> Any:
        going.set()
        assert held.wait(30.0)
        raise FULL

    monkeypatch.setattr(Store, "commit_field", hangs)
    monkeypatch.setattr("edge.record.recording.CLOSING_S", 0.05)
    made = desk().started()
    for _ in range(3):
        made.field()
    assert going.wait(30.0)
    made.close()
    assert made.ended() == []
    for _ in range(3):
        made.books.end(FrameState.FAILED)  # as the loop does with what it does not hear of
    monkeypatch.setattr(Store, "commit_field", real)
    held.set()
    made.until(RecordClosed)
    assert made.books.ledger == Ledger(captured=3, failed=3)
    assert made.session().ledger.counted == 0


def test_what_was_written_in_spite_of_an_error_is_counted_once(desk: Make) -> None:
    made = desk(NO_PICTURES, [[FULL], [BROKEN], None, [BUSY]]).started()
    for _ in range(3):
        made.field()
    made.ask(UndoField())
    assert made.until(FieldUndone).number == 3
    assert made.ended() == [("FieldCommitted", token) for token in (1, 2, 3)]
    made.close().check()
    assert made.books.ledger == Ledger(captured=3, counted=2, rejected=1)


def test_numbers_that_are_none_lose_their_field_alone(desk: Make) -> None:
    made = desk().started()
    made.field(count=count_of((replace(cell(), x=float("inf")),)))
    assert "cannot be recorded" in str(made.until(FieldLost).error)
    made.field()
    assert made.until(FieldCommitted).totals.fields == 1
    made.close().check()


def test_a_fault_of_ours_ends_the_record_in_words(desk: Make) -> None:
    def compare(seen: object, count: Any) -> Any:
        raise ZeroDivisionError("never mind")

    made = desk(compare=compare).started()
    made.field()
    made.field()
    made.until(RecordClosed)
    assert "ZeroDivisionError" in str(made.of(RecordFailed)[0].error)
    made.close().check()


def test_books_that_differ_from_the_record_end_it(desk: Make) -> None:
    made = desk().started()
    made.field()
    made.until(FieldCommitted)
    made.books.captured()
    made.books.committed()  # a field that never was
    made.field()
    made.until(RecordClosed)
    assert "the record has 1 fields, the ledger 2" in str(made.of(RecordFailed)[0].error)


class TestSmallJobs:
    def test_undo_says_which_field_went(self, desk: Make) -> None:
        made = desk().started()
        made.ask(UndoField())
        made.until(NothingToUndo)
        first, second = made.field(2), made.field(3)
        made.ask(UndoField())
        undone = made.until(FieldUndone)
        assert (undone.token, undone.number, undone.totals.cells[CellClass.RBC]) == (second, 2, 2)
        assert [one.number for one in undone.recent] == [1]
        third = made.field(4)
        made.ask(UndoField())
        assert made.until(FieldUndone).token == third
        made.ask(UndoField())
        assert made.until(FieldUndone).token == first
        made.ask(UndoField())
        made.until(NothingToUndo)
        assert made.books.ledger == Ledger(captured=3, rejected=3)
        assert made.books.rejections == {"undone": 3}
        made.close().check()

    def test_a_new_slide_begins_at_nothing_and_the_old_is_not_undone(self, desk: Make) -> None:
        made = desk().started()
        made.field()
        made.ask(NewSlide("S-18"))
        begun = made.until(SlideBegun)
        assert (begun.totals.slide, begun.totals.fields, begun.specimen) == ("slide 2", 0, "S-18")
        made.ask(UndoField())
        made.until(NothingToUndo)
        made.field()
        assert made.until(FieldCommitted).totals.fields == 1
        made.close().check()

    def test_notes_events_and_jumps(self, desk: Make) -> None:
        made = desk().started()
        made.ask(AddNote("thick"))
        assert made.until(NoteKept).text == "thick"
        made.ask(NoteEvent("engine", "the CPU took over"))
        made.ask(NoteClockJump(ClockJump(-3600.0, AT, AT, 5.0)))
        made.close()
        with StoreReader(made.folder) as reader:
            session = reader.latest_session()
            assert [note.text for note in reader.notes(session.id)] == ["thick"]
            assert [(one.kind, one.jump_s) for one in reader.events(session.id)] == [
                ("engine", None), ("clock", -3600.0), ("backup", None),
            ]  # fmt: skip

    def test_a_note_that_met_a_full_disk_is_kept_later(self, desk: Make) -> None:
        made = desk(NO_PICTURES, [FULL]).started()
        made.ask(AddNote("thick"))
        made.until(NoteKept)
        assert [type(one) for one in made.of(RecordWaits, RecordBack)] == [RecordWaits, RecordBack]

    def test_a_note_that_met_a_broken_disk_is_told_as_lost_once(self, desk: Make) -> None:
        made = desk(NO_PICTURES, [BROKEN])
        made.ask(AddNote("thick"))
        made.ask(AddNote("thin"))
        made.recording.start()
        made.until(RecordClosed)
        assert [one.job.text for one in made.of(JobLost)] == ["thick", "thin"]
        assert len(made.of(RecordFailed)) == 1

    def test_the_ledger_reaches_the_record_between_fields(self, desk: Make) -> None:
        made = desk().started()
        made.books.captured(3)
        made.books.end(FrameState.REJECTED, RejectionReason.BLACK)
        made.books.end(FrameState.DROPPED)
        made.ask(WriteLedger())
        made.ask(AddNote("after it"))
        made.until(NoteKept)
        ledger = made.session().ledger
        assert (ledger.rejected, ledger.dropped, dict(ledger.rejections)) == (1, 1, {"black": 1})
        assert made.books.ledger.in_hand == 1
        made.books.end(FrameState.DROPPED)
        made.close()
        assert made.session().ledger.captured == 3


class TestPictures:
    def test_a_picture_that_cannot_be_written_costs_no_count(self, desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        def full(*_: object) -> str:
            raise StoreFull("no space left on device")

        monkeypatch.setattr("edge.record.session_pictures.write_frame", full)
        made = desk(RecordSettings()).started()
        for _ in range(3):
            made.field()
            made.until(FieldCommitted)
        assert len(made.of(PictureLost)) == 1, "one word about it is enough"
        with StoreReader(made.folder) as reader:
            assert [one.image for one in reader.session_fields(made.session().id)] == [None] * 3
        made.ask(KeepSnapshot(frame_at(1)))
        assert "no space" in str(made.until(PictureLost).error)
        made.close().check()

    def test_snapshots_and_refused_frames(self, desk: Make) -> None:
        made = desk(RecordSettings(SaveImages.ALL)).started()
        made.ask(KeepSnapshot(frame_at(1)))
        made.ask(KeepSnapshot(frame_at(1)))
        assert made.until(PictureKept).path != made.until(PictureKept).path
        made.ask(KeepRefused(frame_at(2), "black"))
        made.close()
        assert len(list(made.folder.rglob("black-*.jpg"))) == 1

    def test_refused_frames_wait_nowhere_where_none_is_kept(self, desk: Make) -> None:
        made = desk(NO_PICTURES, [FULL], retry_s=(1000.0,)).started()
        made.field()
        made.until(RecordWaits)
        for _ in range(10):
            made.ask(KeepRefused(frame_at(2), "black"))
        assert not made.recording.full

    def test_the_disks_level_is_told_and_room_is_made(self, desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        free = [5_000_000_000]
        monkeypatch.setattr("edge.record.store.space.free_bytes_at", lambda folder: free[0])
        monkeypatch.setattr("edge.record.recording.DISK_LOOKED_AT_EVERY_S", 0.01)
        made = desk(RecordSettings(SaveImages.ALL)).started()
        assert made.until(DiskChanged).disk.level is DiskLevel.OK
        made.ask(KeepRefused(frame_at(2), "black"))
        made.ask(AddNote("so that it is written"))
        made.until(NoteKept)
        free[0] = 1_000_000_000
        assert made.until(DiskChanged).disk.level is DiskLevel.LOW
        free[0] = 1_000
        assert made.until(DiskChanged).disk.level is DiskLevel.FULL
        made.field()
        made.until(FieldCommitted)
        free[0] = 5_000_000_000
        assert made.until(DiskChanged).disk.level is DiskLevel.OK
        made.close().check()
        assert list(made.folder.rglob("*.jpg")) == []
        with StoreReader(made.folder) as reader:
            assert [one.kind for one in reader.events(made.session().id)] == ["retention", "backup"]


class TestOpening:
    def test_a_record_that_is_locked_is_waited_for(self, desk: Make, monkeypatch: pytest.MonkeyPatch) -> None:
        tries: list[int] = []
        real = Store.begin_session

        def busy(self: Store, session: Any) -> Any:
            tries.append(1)
            if len(tries) < 3:
                raise BUSY
            return real(self, session)

        monkeypatch.setattr(Store, "begin_session", busy)
        made = desk()
        made.field()
        made.recording.start()
        made.until(RecordOpened)
        made.until(FieldCommitted)
        assert len(made.of(RecordWaits)) == 2
        made.close().check()

    def test_a_record_that_cannot_be_opened(self, desk: Make, tmp_path: Path) -> None:
        (tmp_path / "store").write_text("a file where the folder should be", encoding="utf-8")
        made = desk()
        made.field()
        made.recording.start()
        made.until(RecordClosed)
        assert made.ended() == [("FieldLost", 1)]
        assert len(made.of(RecordFailed)) == 1

    def test_closed_before_it_was_started(self, desk: Make) -> None:
        made = desk()
        made.field()
        made.close()
        assert made.ended() == [("FieldLost", 1)]
        assert not made.folder.exists()

    def test_an_interrupted_session_goes_on_with_its_books(self, desk: Make) -> None:
        resuming = replace(NO_PICTURES, resume=True)
        died = desk(resuming, [None, None, BROKEN]).started()
        for _ in range(3):
            died.field(2)
        died.until(RecordClosed)
        made = desk(resuming)
        made.books.captured()  # a frame that came while the record was opened
        made.recording.start()
        opened = made.until(RecordOpened)
        assert opened.session_id == died.session().id
        assert opened.resumed.ledger == Ledger(captured=2, counted=2)
        assert opened.resumed.views == (b"1", b"2")
        assert (opened.totals.fields, len(opened.recent)) == (2, 2)
        assert made.books.ledger == Ledger(captured=3, counted=2)
        made.field()
        assert made.until(FieldCommitted).totals.fields == 3
        made.ask(UndoField())
        made.ask(UndoField())
        assert made.until(FieldUndone).token == 1
        assert made.until(FieldUndone).token is None, "that one was committed by the program that died"
        made.books.end(FrameState.DROPPED)
        made.close().check()


def test_a_frame_rejected_between_two_questions_is_in_both_answers() -> None:
    class Racing(RunningLedger):
        raced = False

        @property
        def rejections(self) -> Any:
            if not self.raced:
                self.raced = True
                self.captured()
                self.end(FrameState.REJECTED, RejectionReason.BLACK)
            return super().rejections

    assert entries(Racing()) == (Ledger(captured=1, rejected=1), {"black": 1})


def test_it_is_full_and_idle_as_it_says(desk: Make) -> None:
    held, going = Event(), Event()

    def compare(seen: object, count: Any) -> Any:
        going.set()
        assert held.wait(30.0)
        return count

    made = desk(compare=compare, capacity=2).started()
    assert not made.recording.full
    made.field()
    assert going.wait(30.0)
    assert not made.recording.idle
    made.field()
    assert made.recording.full
    made.field()  # one that was on the way already
    held.set()
    for _ in range(3):
        made.until(FieldCommitted)
    made.ask(AddNote("the last"))
    made.until(NoteKept)
    made.close().check()
    assert made.recording.idle


WORDS = st.sampled_from([None, None, None, FULL, BUSY, [FULL], [BUSY], [BROKEN]])
JOBS = st.sampled_from(["field", "field", "field", "undo", "slide", "ledger", "note", "reject"])


@given(
    jobs=st.lists(JOBS, max_size=14), script=st.lists(WORDS, max_size=14), broken_at=st.none() | st.integers(0, 13),
    late=st.integers(0, 4),
)  # fmt: skip
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_whatever_fails_every_field_ends_once_and_books_and_record_agree(
    tmp_path_factory: pytest.TempPathFactory, jobs: list[str], script: list[Any], broken_at: int | None, late: int
) -> None:
    """`late` jobs come while it closes."""
    script = [BROKEN if place == broken_at else word for place, word in enumerate(script)]
    made = Desk(tmp_path_factory.mktemp("store"), NO_PICTURES, script).started()
    for place, job in enumerate(jobs):
        if place == len(jobs) - late:
            made.recording.finish(FinishReason.STOPPED)
        if job == "field":
            made.field(place)
        elif job == "reject":
            made.books.captured()
            made.books.end(FrameState.REJECTED, RejectionReason.BLACK)
        else:
            made.ask({"undo": UndoField(), "slide": NewSlide(), "ledger": WriteLedger(), "note": AddNote("n")}[job])
    made.close()
    made.check()
    undone = len(made.of(FieldUndone))
    ledger = made.books.ledger
    assert ledger.counted == len(made.of(FieldCommitted)) - undone
    assert ledger.rejected == jobs.count("reject") + undone
    assert jobs.count("undo") == undone + len([one for one in made.of(NothingToUndo, JobLost) if _is_undo(one)])
    session = made.session()
    if made.of(RecordFailed):
        assert session.state is SessionState.INTERRUPTED
    else:
        assert session.state is SessionState.FINISHED
        if not {"field", "reject"} & set(jobs[len(jobs) - late :] if late else ()):
            assert (session.ledger.captured, session.ledger.failed) == (ledger.captured, ledger.failed)


def _is_undo(news: Any) -> bool:
    return isinstance(news, NothingToUndo) or isinstance(news.job, UndoField)
