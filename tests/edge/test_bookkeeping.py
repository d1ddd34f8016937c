from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from edge import bookkeeping
from edge.bookkeeping import Bookkeeping
from edge.optics.verdict import RejectionReason
from edge.session import FinishReason, FrameState, Ledger
from edge.storage.errors import StoreFull
from tests.edge.fields import count_of, frame_at


class WrittenDown:
    """Stands for the recorder: keeps what it is told, or has a full disk."""

    def __init__(self) -> None:
        self.full = False
        self.seen: list[tuple[str, Ledger, dict[str, int]]] = []

    def commit(self, frame: Any, count: Any, focus: float, ms: float, ledger: Ledger, rejections: Mapping[str, int]) -> None:
        if self.full:
            raise StoreFull("no space")
        self.seen.append(("commit", ledger, dict(rejections)))

    def update(self, ledger: Ledger, rejections: Mapping[str, int]) -> None:
        self.seen.append(("update", ledger, dict(rejections)))

    def finish(self, ledger: Ledger, rejections: Mapping[str, int], reason: FinishReason) -> None:
        self.seen.append((reason.value, ledger, dict(rejections)))


@pytest.fixture
def books(monkeypatch: pytest.MonkeyPatch) -> tuple[Bookkeeping, WrittenDown]:
    monkeypatch.setattr(bookkeeping, "WRITTEN_EVERY_S", 1e9)
    made, written = Bookkeeping(), WrittenDown()
    made.open(written)  # type: ignore[arg-type]  # a double
    return made, written


def test_every_state_is_counted_and_the_reasons_go_with_it(books: tuple[Bookkeeping, WrittenDown]) -> None:
    made, written = books
    made.reject(RejectionReason.BLACK)
    made.end(FrameState.DUPLICATE)
    made.commit(frame_at(1), count_of(()), 6.0, 50.0)
    made.finish(FinishReason.STOPPED)
    assert made.ledger == Ledger(counted=1, duplicate=1, rejected=1)
    assert [name for name, _, _ in written.seen] == ["commit", "stopped"]
    assert written.seen[0][1] == made.ledger
    assert written.seen[1][2] == {"black": 1}


def test_a_field_that_cannot_be_written_failed_and_is_not_counted(books: tuple[Bookkeeping, WrittenDown]) -> None:
    made, written = books
    written.full = True
    with pytest.raises(StoreFull):
        made.commit(frame_at(1), count_of(()), 6.0, 50.0)
    assert made.ledger == Ledger(failed=1)


def test_the_cameras_drops_are_added_once_and_start_anew_when_it_is_reopened(books: tuple[Bookkeeping, WrittenDown]) -> None:
    made, _ = books
    for total in (3, 3, 5):
        made.note_drops(total)
    made.camera_opened()
    made.note_drops(2)
    assert made.ledger == Ledger(dropped=7)


def test_uncounted_frames_reach_the_record_in_time(
    books: tuple[Bookkeeping, WrittenDown], monkeypatch: pytest.MonkeyPatch
) -> None:
    made, written = books
    made.end(FrameState.DROPPED)
    assert written.seen == []
    monkeypatch.setattr(bookkeeping, "WRITTEN_EVERY_S", 0.0)
    made.end(FrameState.DROPPED)
    assert [(name, ledger.dropped) for name, ledger, _ in written.seen] == [("update", 2)]
