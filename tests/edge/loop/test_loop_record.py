"""What the loop leaves in a real store, with its real threads."""

from __future__ import annotations

import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from edge.record.settings import SaveImages
from edge.record.store.errors import StoreCorrupt, StoreFull
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.record.store.store import Store
from edge.session.events import Event, FieldSeen, Severity, StatusChanged
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason
from edge.session.wishes import NewSlide, Request
from tests.edge.loop.loop_bench import Bench, Lost, Shot


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


class FullStore(Store):
    """The disk is full for some commits, or from then on."""

    def __init__(self, folder: Path, good: int, full: int) -> None:
        super().__init__(folder)
        self.good, self.full = good, full

    def commit_field(self, *arguments: Any) -> Any:
        if self.good:
            self.good -= 1
        elif self.full:
            self.full -= 1
            raise StoreFull("the disk is full; free some space")
        return super().commit_field(*arguments)


def test_a_disk_that_is_full_for_a_while_costs_nothing(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3)], folder, store=lambda folder: FullStore(folder, 1, 3))
    assert bench.run() is FinishReason.END_OF_FRAMES
    bench.check_record(committed=[1, 2, 3])


@pytest.mark.parametrize("good", [0, 2])
def test_fields_that_a_full_disk_never_took_failed_and_were_never_told(good: int, folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(3), Shot(4)], folder, store=lambda folder: FullStore(folder, good, 10**9))

    def give_up(event: Event) -> None:
        if isinstance(event, StatusChanged) and event.status.detail.startswith("the record waits"):
            bench.loop.request(Request.STOP)

    bench.run(give_up)
    bench.check_record(committed=[1, 2][:good])
    ledger = bench.loop.status.ledger
    assert ledger.failed > 0
    assert ledger.failed + ledger.dropped == ledger.captured - good
    assert "free some space" in bench.said(Severity.ERROR)


def test_a_damaged_record_ends_the_session(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def damaged(*_: Any) -> Any:
        raise StoreCorrupt("the file is damaged")

    monkeypatch.setattr(Store, "commit_field", damaged)
    bench = Bench([Shot(spot) for spot in range(6)], folder)
    assert bench.run() is FinishReason.STORE_FAILED
    bench.check_record(committed=[])
    with StoreReader(folder) as reader:
        assert reader.latest_session().state is SessionState.INTERRUPTED


def test_a_record_that_cannot_be_opened_ends_the_session(tmp_path: Path) -> None:
    (tmp_path / "store").write_text("a file, not a folder")
    bench = Bench([Shot(1)], tmp_path / "store")
    assert bench.run() is FinishReason.STORE_FAILED
    assert str(tmp_path / "store") in bench.said(Severity.ERROR)
    assert bench.camera.entered == 0


def test_an_interrupted_session_goes_on_where_it_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as killed:
        killed.setattr(Store, "finish_session", lambda *_: None)
        before = Bench([Shot(1), Shot(2), Shot(1, "black")], folder, live=True)
        before.run()
    after = Bench([Shot(2, noise=1), Shot(3), Shot(1, noise=1)], folder, live=True, resume=True)
    after.run()
    assert after.loop.status.session_id == before.loop.status.session_id
    assert (after.loop.status.ledger.counted, after.loop.status.ledger.duplicate) == (3, 2)
    assert after.loop.status.totals.fields == 3
    assert len(after.loop.status.recent) == 3
    with StoreReader(folder) as reader:
        assert len(reader.sessions()) == 1
        assert reader.latest_session().ledger.captured == after.loop.status.ledger.captured


def test_all_pictures_are_kept_where_asked_and_snapshots_always(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(1, "black"), Shot(2, "nan"), Shot(3)], folder, save=SaveImages.ALL)
    bench.loop.request(Request.SNAPSHOT)

    def face(event: Event) -> None:
        if isinstance(event, FieldSeen) and event.state is FrameState.REJECTED:
            bench.loop.request(Request.SNAPSHOT)

    bench.run(face)
    words = Counter(path.name.split("-")[0] for path in folder.glob("images/*/*.jpg"))
    assert words == {"1": 2, "black": 1, "failed": 1}
    assert "no picture to keep" in bench.said(Severity.INFO)
    assert "snapshots" in bench.said(Severity.INFO)


def test_slides_are_kept_apart(folder: Path) -> None:
    bench = Bench([Shot(1), Shot(2), Shot(1, noise=1), Shot(3)], folder, one_by_one=True)

    def face(event: Event) -> None:
        if isinstance(event, FieldSeen) and event.state is FrameState.COUNTED and event.status.totals.slide == "slide 1":
            bench.loop.request(NewSlide("S-2"))

    bench.run(face)
    with StoreReader(folder) as reader:
        slides = reader.slides(reader.latest_session().id)
        fields = [reader.totals(slide.id).fields for slide in slides]
        assert slides[1].specimen == "S-2"
    assert fields == [1, 3]
    assert bench.loop.status.totals.fields == 3


def test_the_store_is_written_on_one_thread(folder: Path) -> None:
    """SQLite refuses another thread, so that a session that was begun on one is finished there only if nothing strays."""
    bench = Bench([Shot(1), Shot(2)], folder)
    bench.loop.start(bench.events.append)
    bench.loop.close()
    bench.check_record()
    with sqlite3.connect(folder / "hemocam.sqlite") as connection:
        assert connection.execute("SELECT finish_reason FROM session").fetchone()[0] in ("stopped", "end of frames")


def test_what_happened_is_in_the_record(folder: Path) -> None:
    bench = Bench([Shot(1), Lost(), Shot(2)], folder, live=True)
    bench.run()
    with StoreReader(folder) as reader:
        said = [event.text.split(":")[0] for event in reader.events(reader.latest_session().id) if event.kind == "state"]
    assert said[0] == "streaming"
    assert "lost" in said
    assert said[-1] == "finishing"
