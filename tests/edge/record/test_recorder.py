"""What the loop found, as the store keeps it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from edge.counting.cell import CellClass
from edge.frame import Frame
from edge.record.recorder import Recorder
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.errors import StoreError, StoreFull, StoreNotFound
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.record.store.space import Space
from edge.record.store.store import Store
from edge.session.events import DiskLevel
from edge.session.ledger import Ledger
from edge.session.run_state import FinishReason
from edge.session.wall_clock import ClockJump
from tests.edge.fields import CARD, cell, count_of, frame_at

CELLS = (cell(), cell(x=80.0), cell(CellClass.PLT, x=120.0, diameter_px=7.0))
NO_PICTURES = RecordSettings(SaveImages.NONE)
RESUMING = RecordSettings(SaveImages.COUNTED, resume=True)

Open = Callable[..., Recorder]


def ledger(**states: int) -> Ledger:
    return Ledger(sum(states.values()), **states)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def opened(folder: Path) -> Iterator[Open]:
    """Recorders of one folder, open until the test ends."""
    with ExitStack() as held:

        def make(plan: RecordSettings = NO_PICTURES, card: Any = CARD, **more: Any) -> Recorder:
            return held.enter_context(Recorder(Store(folder), card, plan, **more))

        yield make


@pytest.fixture
def read(folder: Path) -> Iterator[Callable[[], StoreReader]]:
    with ExitStack() as held:
        yield lambda: held.enter_context(StoreReader(folder))


@lru_cache(maxsize=8)
def same_frame(spot: int) -> Frame:
    """The very frame again, as a second try has it: with the same clock on it."""
    return frame_at(spot, spot)


def commit(recorder: Recorder, spot: int, counted: int, **more: Any) -> Any:
    image = recorder.picture(same_frame(spot))
    entries = {"focus": 6.5, "latency_ms": 41.0, "ledger": ledger(counted=counted), "rejections": {}, "image": image, **more}
    return recorder.commit(same_frame(spot), count_of(CELLS), **entries)


def test_a_session_says_how_it_was_made(opened: Open, read: Any) -> None:
    recorder = opened(
        NO_PICTURES, replace(CARD, simulated=True, um_per_px=0.19, settings={"a": [1]}), clock_trusted=lambda: False
    )
    record = read().session(recorder.session_id)
    assert (record.camera, record.simulated, record.model, record.model_sha256) == (
        "microscope",
        True,
        "drawn",
        CARD.model_sha256,
    )
    assert (record.runtime, record.specimen, record.um_per_px, record.settings) == ("fake", "S-17", 0.19, {"a": [1]})
    assert record.state is SessionState.RUNNING
    assert record.clock_trusted is False
    assert record.boot_id
    assert [slide.name for slide in read().slides(record.id)] == ["slide 1"]
    assert recorder.resumed is None


def test_a_field_is_in_the_totals_once_it_is_committed(opened: Open, read: Any) -> None:
    recorder = opened(clock_trusted=lambda: None)
    assert (recorder.totals.slide, recorder.totals.fields, recorder.recent) == ("slide 1", 0, ())
    recorder.commit(
        frame_at(1, 17), count_of(CELLS), 6.5, 41.0, ledger(counted=1, rejected=2), {"black": 2}, engine="fake", view=b"known"
    )
    assert recorder.totals.fields == 1
    assert recorder.totals.cells == {CellClass.RBC: 2, CellClass.WBC: 0, CellClass.PLT: 1}
    assert [(one.number, one.counts[CellClass.RBC]) for one in recorder.recent] == [(1, 2)]
    (field,) = read().session_fields(recorder.session_id)
    assert (field.sequence, field.focus, field.latency_ms, field.image, field.engine) == (17, 6.5, 41.0, None, "fake")
    assert field.calibration == "not calibrated; red cell diameter estimated"
    assert field.clock_trusted is None
    assert field.by_method["rbc"] == {"centres": 2}
    assert [(one.cell_class, one.x, one.diameter_px) for one in read().cells(field.id)] == [
        (one.cell_class.value, one.x, pytest.approx(one.diameter_px)) for one in CELLS
    ]
    assert dict(read().session(recorder.session_id).ledger.rejections) == {"black": 2}
    assert read().views(field.slide_id) == [b"known"]


def test_a_ledger_that_does_not_count_the_field_is_refused_whole(opened: Open) -> None:
    recorder = opened()
    with pytest.raises(ValueError, match="counted"):
        commit(recorder, 1, 0)
    assert recorder.totals.fields == 0


def test_slides_are_numbered_and_counted_apart(opened: Open, read: Any) -> None:
    recorder = opened()
    commit(recorder, 1, 1)
    assert recorder.new_slide().name == "slide 2"
    assert (recorder.totals.slide, recorder.totals.fields, recorder.recent) == ("slide 2", 0, ())
    assert recorder.specimen == "S-17"
    recorder.new_slide("S-18")
    assert recorder.specimen == "S-18"
    assert recorder.new_slide().specimen == "S-18", "the next smear is of the specimen in hand"
    assert [slide.specimen for slide in read().slides(recorder.session_id)] == ["S-17", "S-17", "S-18", "S-18"]
    assert recorder.fields == 1


def test_undo_takes_the_slides_last_field_and_no_other(opened: Open, read: Any) -> None:
    recorder = opened()
    for spot in (1, 2, 3):
        commit(recorder, spot, spot)
    assert recorder.undo(ledger(counted=2, rejected=1), {"undone": 1}).number == 3
    assert recorder.undo(ledger(counted=1, rejected=2), {"undone": 2}).number == 2
    assert [one.number for one in recorder.recent] == [1]
    assert recorder.totals.fields == recorder.fields == 1
    assert commit(recorder, 4, 2, ledger=ledger(counted=2, rejected=2), rejections={"undone": 2}).number == 4
    recorder.new_slide()
    with pytest.raises(StoreNotFound, match=r"slide 2 .* has no field to undo"):
        recorder.undo(ledger(counted=1, rejected=3), {"undone": 3})
    assert recorder.fields == 2
    assert [one.undone is None for one in read().session_fields(recorder.session_id, including_undone=True)] == [
        *(True, False, False, True)
    ]


def test_notes_events_and_jumps_of_the_clock_are_kept(opened: Open, read: Any) -> None:
    recorder = opened()
    commit(recorder, 1, 1)
    at = datetime(2026, 11, 21, 9, 0, tzinfo=timezone.utc)
    recorder.note("a thick place", at)
    recorder.event("engine", "the CPU took over", at, 12.0)
    recorder.clock_jump(ClockJump(86400.0, at, at.replace(day=22), 13.0))
    (note,) = read().notes(recorder.session_id)
    (field,) = read().session_fields(recorder.session_id)
    assert (note.text, note.written, note.field_id) == ("a thick place", at, field.id)
    engine, clock = read().events(recorder.session_id)
    assert (engine.kind, engine.text, engine.at, engine.monotonic_s) == ("engine", "the CPU took over", at, 12.0)
    assert (clock.kind, clock.jump_s, clock.monotonic_s) == ("clock", 86400.0, 13.0)
    assert "2026-11-21T09:00" in clock.text


@pytest.mark.parametrize(("save", "pictures"), [(SaveImages.NONE, 0), (SaveImages.COUNTED, 2), (SaveImages.ALL, 3)])
def test_pictures_are_kept_as_asked_and_none_overwrites_another(
    save: SaveImages, pictures: int, opened: Open, read: Any, folder: Path
) -> None:
    """Two frames may have one sequence number, of one camera before and after its reopening."""
    recorder = opened(RecordSettings(save))
    assert recorder.keeps_refused is (save is SaveImages.ALL)
    for counted in (1, 2):
        commit(recorder, 5, counted)
        if counted == 1:
            recorder.refuse(frame_at(2, 6), "black")
    found = list((folder / "images").rglob("*.jpg"))
    assert len(found) == pictures
    for field in read().session_fields(recorder.session_id):
        assert (field.image is None) is (save is SaveImages.NONE)
        assert field.image is None or folder / field.image in found


def test_a_picture_without_a_field_can_be_taken_away(opened: Open, folder: Path) -> None:
    recorder = opened(RecordSettings(SaveImages.COUNTED))
    image = recorder.picture(frame_at(1))
    assert image is not None
    recorder.discard(image)
    recorder.discard(image)
    assert list((folder / "images").rglob("*.jpg")) == []


def test_a_simulated_picture_says_so_in_its_name(opened: Open) -> None:
    recorder = opened(RecordSettings(SaveImages.COUNTED), replace(CARD, simulated=True))
    assert "SIMULATED" in str(recorder.picture(frame_at(1, simulated=True)))
    assert "SIMULATED" in str(recorder.snapshot(frame_at(1, simulated=True)))


def test_snapshots_are_kept_whatever_is_kept_otherwise_and_never_over_another(opened: Open) -> None:
    recorder = opened()
    paths = [recorder.snapshot(frame_at(spot, 7, simulated=spot == 2)) for spot in (1, 2, 3)]
    assert len(set(paths)) == 3
    assert all(path.is_file() for path in paths)


def test_a_full_disk_keeps_counts_and_no_pictures(opened: Open, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    recorder = opened(RecordSettings(SaveImages.ALL))
    monkeypatch.setattr("edge.record.store.space.free_bytes_at", lambda folder: 10_000_000)
    assert recorder.disk().level is DiskLevel.FULL
    assert recorder.picture(frame_at(1)) is None
    recorder.refuse(frame_at(1), "black")
    with pytest.raises(StoreFull, match="10 MB left, which are kept for counts"):
        recorder.snapshot(frame_at(1))
    commit(recorder, 1, 1)
    assert recorder.totals.fields == 1
    assert list(folder.rglob("*.jpg")) == []


def test_a_low_disk_makes_room(opened: Open, monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    recorder = opened(RecordSettings(SaveImages.ALL))
    recorder.refuse(frame_at(1), "black")
    commit(recorder, 2, 1)
    monkeypatch.setattr("edge.record.store.space.free_bytes_at", lambda folder: 1_000_000_000)
    assert recorder.disk().level is DiskLevel.LOW
    assert recorder.make_room().refused == 1
    assert len(list(folder.rglob("*.jpg"))) == 1, "a running session's last fields keep theirs"


def test_a_finished_session_takes_no_more(opened: Open, read: Any) -> None:
    recorder = opened()
    recorder.update(ledger(dropped=4), {})
    recorder.finish(ledger(dropped=5), {}, FinishReason.STOPPED)
    record = read().session(recorder.session_id)
    assert (record.state, record.finish_reason, record.ledger.dropped) == (SessionState.FINISHED, "stopped", 5)
    with pytest.raises(StoreError, match="finished"):
        recorder.update(ledger(dropped=6), {})


class TestResume:
    def interrupted(self, folder: Path, plan: RecordSettings = RESUMING) -> str:
        """A session of two slides whose program died; gives its id."""
        with Recorder(Store(folder), CARD, plan) as recorder:
            commit(recorder, 1, 1)
            recorder.new_slide("S-18")
            commit(recorder, 2, 2, view=b"two")
            commit(recorder, 3, 3, view=b"three")
            recorder.undo(ledger(counted=2, rejected=1), {"undone": 1})
            commit(recorder, 4, 3, view=b"four", ledger=ledger(counted=3, rejected=1, dropped=7), rejections={"undone": 1})
            recorder.snapshot(frame_at(1))
        return recorder.session_id

    def test_it_goes_on_where_it_was(self, folder: Path, opened: Open, read: Any) -> None:
        session_id = self.interrupted(folder)
        recorder = opened(RESUMING)
        assert recorder.session_id == session_id
        assert recorder.resumed is not None
        assert recorder.resumed.ledger == ledger(counted=3, rejected=1, dropped=7)
        assert recorder.resumed.rejections == {"undone": 1}
        assert recorder.resumed.views == (b"two", b"four")
        assert (recorder.totals.slide, recorder.totals.fields, recorder.specimen) == ("slide 2", 2, "S-18")
        assert [one.number for one in recorder.recent] == [1, 3]
        pictures = set(folder.rglob("*.jpg"))
        for counted in (4, 5, 6, 7):
            commit(recorder, 1, counted, ledger=ledger(counted=counted, rejected=1, dropped=7), rejections={"undone": 1})
        recorder.snapshot(frame_at(2))
        assert len(set(folder.rglob("*.jpg")) - pictures) == 5, "none over an old one"
        assert [one.kind for one in read().events(session_id)] == ["resumed"]

    @pytest.mark.parametrize("other", ["no plan", "camera", "model_sha256", "specimen", "finished", "running"])
    def test_another_session_begins(self, folder: Path, opened: Open, other: str) -> None:
        plan, card = RESUMING, CARD
        session_id = opened(RESUMING).session_id if other == "running" else self.interrupted(folder)
        if other == "no plan":
            plan = NO_PICTURES
        elif other == "finished":
            opened(RESUMING).finish(ledger(counted=3, rejected=1), {"undone": 1}, FinishReason.STOPPED)
        elif other != "running":
            card = replace(CARD, **{other: "another"})
        recorder = opened(plan, card)
        assert recorder.session_id != session_id
        assert recorder.resumed is None

    def test_what_failed_on_the_way_in_is_no_second_session(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        recorder = Recorder(Store(folder), CARD, NO_PICTURES)

        def full(*_: object) -> None:
            raise StoreFull("disk is full")

        with monkeypatch.context() as patch:
            patch.setattr(Store, "begin_slide", full)
            with pytest.raises(StoreFull):
                recorder.__enter__()
        with recorder, StoreReader(folder) as reader:
            assert len(reader.sessions()) == 1
            assert reader.sessions()[0].state is SessionState.RUNNING
            assert recorder.resumed is None
            assert recorder.totals.slide == "slide 1"


class TestUncertainty:
    """The commit was through, and the answer an error: what is in the record must not be written again."""

    @pytest.fixture
    def failing(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, int], None]:
        """Let this method of Store write, then fail, and after it so many questions to the record."""

        def fail(name: str, questions: int) -> None:
            real, ask, left = getattr(Store, name), StoreReader.recent_fields, [questions]

            def writes_and_fails(self: Store, *arguments: Any) -> None:
                real(self, *arguments)
                monkeypatch.setattr(Store, name, real)
                raise StoreError("disk I/O error")

            def asks(self: StoreReader, *arguments: Any) -> Any:
                if left[0] and getattr(Store, name) is real:
                    left[0] -= 1
                    raise StoreError("disk I/O error, still")
                return ask(self, *arguments)

            monkeypatch.setattr(Store, name, writes_and_fails)
            monkeypatch.setattr(StoreReader, "recent_fields", asks)

        return fail

    @pytest.mark.parametrize("questions", [0, 1, 2, 3])
    def test_a_field_is_written_once(self, opened: Open, failing: Callable[[str, int], None], questions: int) -> None:
        recorder = opened()
        commit(recorder, 1, 1)
        failing("commit_field", questions)
        for _ in range(questions):
            with pytest.raises(StoreError, match="disk I/O"):
                commit(recorder, 2, 2)
        assert commit(recorder, 2, 2).number == 2
        assert recorder.fields == 2
        assert commit(recorder, 3, 3).number == 3

    @pytest.mark.parametrize("questions", [0, 1, 2, 3])
    def test_a_field_is_undone_once(self, opened: Open, failing: Callable[[str, int], None], questions: int) -> None:
        recorder = opened()
        for spot in (1, 2, 3):
            commit(recorder, spot, spot)
        failing("undo_field", questions)
        for _ in range(questions):
            with pytest.raises(StoreError, match="disk I/O"):
                recorder.undo(ledger(counted=2, rejected=1), {"undone": 1})
        assert recorder.undo(ledger(counted=2, rejected=1), {"undone": 1}).number == 3
        assert recorder.fields == 2
        assert recorder.undo(ledger(counted=1, rejected=2), {"undone": 2}).number == 2


def test_a_locked_database_is_busy_and_nothing_of_it_is_written(
    opened: Open, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("edge.record.store.writer.BUSY_TIMEOUT_S", 0.01)
    recorder = opened()
    other = sqlite3.connect(folder / "hemocam.sqlite", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        commit(recorder, 1, 1)
    other.execute("ROLLBACK")
    other.close()
    assert recorder.fields == 0
    commit(recorder, 1, 1)
    assert recorder.fields == 1


def test_space_is_told_as_the_guard_says(opened: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    recorder = opened()
    monkeypatch.setattr("edge.record.store.space.SpaceGuard.level", lambda self: Space(3, "low"))
    assert (recorder.disk().free_bytes, recorder.disk().level) == (3, DiskLevel.LOW)


def test_a_cell_at_infinity_is_no_row(opened: Open) -> None:
    recorder = opened()
    broken = replace(cell(), x=float(np.inf))
    with pytest.raises(ValueError, match="finite"):
        recorder.commit(frame_at(1), count_of((broken,)), 6.5, 41.0, ledger(counted=1), {})
    assert recorder.fields == 0
