"""The books add up after every entry, from any thread."""

from __future__ import annotations

from collections import Counter
from threading import Thread

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.optics.verdict import RejectionReason
from edge.session.ledger import FrameState, Ledger
from edge.session.running_ledger import RunningLedger

ENDS = [state for state in FrameState if state not in (FrameState.COUNTED, FrameState.REJECTED)]
ENTRIES = st.one_of(
    st.tuples(st.just("captured"), st.integers(0, 3)),
    st.tuples(st.just("dropped"), st.integers(0, 3)),
    st.tuples(st.just("end"), st.sampled_from(ENDS)),
    st.tuples(st.just("rejected"), st.sampled_from(list(RejectionReason))),
    st.tuples(st.sampled_from(["committed", "commit_failed", "undone"]), st.none()),
)


@given(st.lists(ENTRIES, max_size=60))
def test_every_entry_is_whole_and_an_impossible_one_changes_nothing(entries: list[tuple[str, object]]) -> None:
    books, told = RunningLedger(), Counter[str]()
    for name, what in entries:
        before = books.entries()
        in_hand, counted = told["captured"] - sum(told[s.value] for s in FrameState), told["counted"]
        possible = counted > 0 if name == "undone" else name in ("captured", "dropped") or in_hand > 0
        try:
            enter(books, name, what)
        except ValueError:
            assert not possible
            assert books.entries() == before
            continue
        assert possible
        write_down(told, name, what)
        ledger, rejections = books.entries()
        assert {s: getattr(ledger, s) for s in ("captured", *(s.value for s in FrameState))} == {
            s: told[s] for s in ("captured", *(s.value for s in FrameState))
        }
        assert sum(rejections.values()) == ledger.rejected


def enter(books: RunningLedger, name: str, what: object) -> None:
    match name:
        case "captured":
            books.captured(what)  # type: ignore[arg-type]
        case "dropped":
            books.dropped(what)  # type: ignore[arg-type]
        case "end":
            books.end(what)  # type: ignore[arg-type]
        case "rejected":
            books.end(FrameState.REJECTED, what)  # type: ignore[arg-type]
        case _:
            getattr(books, name)()


def write_down(told: Counter[str], name: str, what: object) -> None:
    match name:
        case "captured":
            told["captured"] += what  # type: ignore[assignment, operator]
        case "dropped":
            told["captured"] += what  # type: ignore[assignment, operator]
            told["dropped"] += what  # type: ignore[assignment, operator]
        case "end":
            told[what.value] += 1  # type: ignore[attr-defined]
        case "rejected":
            told["rejected"] += 1
        case "committed":
            told["counted"] += 1
        case "commit_failed":
            told["failed"] += 1
        case "undone":
            told["counted"] -= 1
            told["rejected"] += 1


def test_the_record_is_written_before_the_books() -> None:
    books = RunningLedger()
    books.captured(2)
    ledger, rejections = books.commit_ledger()
    assert (ledger, rejections) == (Ledger(2, counted=1), {})
    assert books.ledger == Ledger(2)
    books.committed()
    assert books.ledger == ledger
    ledger, rejections = books.undo_ledger()
    assert (ledger, rejections) == (Ledger(2, rejected=1), {"undone": 1})
    books.undone()
    assert books.entries() == (ledger, rejections)
    books.commit_failed()
    assert books.ledger == Ledger(2, rejected=1, failed=1)


def test_a_rejected_frame_has_a_reason_and_no_other_has() -> None:
    books = RunningLedger()
    books.captured()
    with pytest.raises(ValueError, match="rejected with the reason None"):
        books.end(FrameState.REJECTED)
    with pytest.raises(ValueError, match="dropped with the reason"):
        books.end(FrameState.DROPPED, RejectionReason.BLACK)
    with pytest.raises(ValueError, match=r"RunningLedger\.committed"):
        books.end(FrameState.COUNTED)
    assert books.ledger == Ledger(1)


def test_a_resumed_session_goes_on_and_keeps_what_was_entered_meanwhile() -> None:
    books = RunningLedger()
    books.captured(2)
    books.end(FrameState.REJECTED, RejectionReason.BLACK)
    books.resume(Ledger(9, counted=4, rejected=3, dropped=2), {"black": 1, "moving": 2})
    assert books.entries() == (Ledger(11, counted=4, rejected=4, dropped=2), {"black": 2, "moving": 2})


def test_no_entry_is_lost_between_threads() -> None:
    books = RunningLedger()
    books.captured(4000)

    def work() -> None:
        for _ in range(500):
            books.end(FrameState.DUPLICATE)
            books.committed()

    threads = [Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert books.ledger == Ledger(4000, counted=2000, duplicate=2000)
