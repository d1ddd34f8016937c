from __future__ import annotations

import sqlite3
import tempfile
import threading
from datetime import timedelta, timezone
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.record.store.errors import SessionAmbiguous, StoreError, StoreFull, StoreNotFound
from edge.record.store.reader import DATABASE_NAME, StoreReader
from edge.record.store.records import FieldFacts, LedgerRecord, SessionState
from edge.record.store.store import Store, new_session_id
from tests.edge.record.store.samples import NOON, cell, cells, new_field, new_session


def test_a_session_reads_as_it_was_begun(tmp_path: Path) -> None:
    begun = new_session(um_per_px=0.19, operator="Ada", note="thick film", simulated=True, settings={"a": [1, None, "é"]})
    with Store(tmp_path) as store:
        session = store.begin_session(begun)
        assert store.session(session.id) == session
    for name in ("started", "camera", "simulated", "model", "model_sha256", "runtime", "specimen", "operator", "note"):
        assert getattr(session, name) == getattr(begun, name)
    assert (session.um_per_px, session.settings, session.hostname) == (0.19, {"a": [1, None, "é"]}, "bench")
    assert session.hemocam_version == "0.1.0"
    assert session.ledger == LedgerRecord()


def test_session_names_are_readable_and_sort_by_time() -> None:
    plus_two = timezone(timedelta(hours=2))
    assert new_session_id(NOON.astimezone(plus_two)).startswith("20261120-115302-")
    assert len(new_session_id(NOON)) == len("20261120-115302-k3f9")
    assert new_session_id(NOON) < new_session_id(NOON + timedelta(seconds=1))
    assert len({new_session_id(NOON) for _ in range(50)}) > 45


def test_a_committed_field_reads_as_it_was_given(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "left", NOON)
        given_field = new_field(
            slide.id,
            7,
            image="images/x.jpg",
            focus=12.5,
            um_per_px=0.19,
            disagreement={"rbc": 0.125},
            by_method={"rbc": {"centres": 8, "hough": 7}},
        )
        given_cells = [cell("rbc", 1.5, 2.5, 39.0, border=True, diameter_um=7.4), cell("plt", diameter_px=9.0)]
        field = store.commit_field(given_field, given_cells, LedgerRecord(counted=1))
        for name in FieldFacts.__dataclass_fields__:
            assert getattr(field, name) == getattr(given_field, name), name
        assert (field.number, field.counts) == (1, {"rbc": 1, "wbc": 0, "plt": 1})
        assert store.slide_fields(slide.id) == store.session_fields(session.id) == [field]
        read = store.cells(field.id)
        assert [each.cell_class for each in read] == ["rbc", "plt"]
        for one, other in zip(given_cells, read, strict=True):
            for name in ("x", "y", "diameter_px", "area_px", "confidence", "border", "diameter_um"):
                assert getattr(one, name) == getattr(other, name), name
            np.testing.assert_array_equal(one.outline, other.outline)
        assert store.diameters(session.id, "rbc") == []  # the only red cell is cut by the border
        assert store.diameters(session.id, "plt") == [(9.0, None)]


def test_a_class_that_was_not_looked_for_is_absent_not_zero(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        slide = store.begin_slide(store.begin_session(new_session()).id, "", NOON)
        field = store.commit_field(new_field(slide.id, methods={"rbc": "hough"}), cells({"rbc": 3}), LedgerRecord(counted=1))
        assert field.counts == {"rbc": 3}
        assert store.totals(slide.id).cells == {"rbc": 3}


@given(
    fields=st.lists(
        st.tuples(st.integers(0, 2), st.fixed_dictionaries({kind: st.integers(0, 9) for kind in ("rbc", "wbc", "plt")})),
        max_size=12,
    )
)
@settings(max_examples=25, deadline=None)
def test_totals_are_the_sums_of_the_committed_cells(fields: list[tuple[int, dict[str, int]]]) -> None:
    with tempfile.TemporaryDirectory() as folder, Store(Path(folder)) as store:
        session = store.begin_session(new_session())
        slides = [store.begin_slide(session.id, f"slide {n}", NOON) for n in range(3)]
        assert [slide.number for slide in slides] == [1, 2, 3]
        for sequence, (slide, numbers) in enumerate(fields):
            ledger = LedgerRecord(counted=sequence + 1)
            store.commit_field(new_field(slides[slide].id, sequence), cells(numbers), ledger)
        for index, slide in enumerate(slides):
            of_slide = [numbers for where, numbers in fields if where == index]
            read = [each.cell_class for field in store.slide_fields(slide.id) for each in store.cells(field.id)]
            totals = store.totals(slide.id)
            assert totals.fields == len(of_slide)
            for kind in ("rbc", "wbc", "plt"):
                assert totals.cells.get(kind, 0) == sum(numbers[kind] for numbers in of_slide) == read.count(kind)
        assert sum(store.session_totals(session.id).cells.values()) == sum(sum(numbers.values()) for _, numbers in fields)
        assert store.session(session.id).ledger.captured == len(fields)


def test_a_commit_that_fails_leaves_nothing_and_the_store_usable(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        with pytest.raises(ValueError, match="ledger says 2 counted"):
            store.commit_field(new_field(slide.id), cells({"rbc": 5}), LedgerRecord(counted=2))
        with pytest.raises(ValueError, match="not looked for: wbc"):
            store.commit_field(new_field(slide.id, methods={"rbc": "hough"}), cells({"wbc": 1}), LedgerRecord(counted=1))
        assert store.totals(slide.id).fields == 0
        assert store.session_fields(session.id) == []
        field = store.commit_field(new_field(slide.id), cells({"rbc": 5}), LedgerRecord(counted=1))
        assert (field.number, store.totals(slide.id).cells["rbc"]) == (1, 5)


def test_a_full_disk_is_told_and_nothing_of_the_field_is_kept(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        pages = store._connection.execute("PRAGMA page_count").fetchone()[0]
        store._connection.execute(f"PRAGMA max_page_count = {pages + 4}")
        with pytest.raises(StoreFull, match=r"hemocam\.sqlite.*free some space"):
            store.commit_field(new_field(slide.id), cells({"rbc": 500}), LedgerRecord(counted=1))
        assert store.session_fields(session.id) == []
        assert store.session(session.id).ledger.captured == 0
        store._connection.execute("PRAGMA max_page_count = 100000")
        assert store.commit_field(new_field(slide.id), cells({"rbc": 500}), LedgerRecord(counted=1)).counts["rbc"] == 500


def test_the_ledger_is_kept_by_state_and_reason(tmp_path: Path) -> None:
    ledger = LedgerRecord(duplicate=2, rejected=3, dropped=4, failed=5, rejections={"black": 1, "moving": 2})
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        store.update_ledger(session.id, ledger)
        assert store.session(session.id).ledger == ledger
        later = LedgerRecord(duplicate=2, rejected=1, rejections={"defocused": 1})
        store.update_ledger(session.id, later)
        assert store.session(session.id).ledger == later
        with pytest.raises(ValueError, match="ledger says 1 counted"):
            store.update_ledger(session.id, LedgerRecord(counted=1))
        with pytest.raises(StoreNotFound, match="no session 'nobody'"):
            store.update_ledger("nobody", ledger)


def test_a_session_is_running_then_finished(tmp_path: Path) -> None:
    ledger = LedgerRecord(dropped=1)
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        assert session.state is SessionState.RUNNING
        finished = store.finish_session(session.id, ledger, "stopped", NOON + timedelta(minutes=3))
        assert (finished.state, finished.finish_reason) == (SessionState.FINISHED, "stopped")
        assert (finished.finished, finished.ledger) == (NOON + timedelta(minutes=3), ledger)
        with pytest.raises(StoreNotFound, match="is finished"):
            store.begin_slide(session.id, "", NOON)
        with pytest.raises(StoreNotFound, match="is finished"):
            store.finish_session(session.id, ledger, "again", NOON)
    assert list((tmp_path / "running").iterdir()) == []


def test_a_session_left_without_an_end_reads_as_interrupted(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
    with StoreReader(tmp_path) as reader:
        assert reader.session(session.id).state is SessionState.INTERRUPTED


def test_the_beginning_of_a_name_is_enough(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = store.begin_session(new_session())
        with pytest.raises(StoreNotFound, match="no session 'x%'"):
            store.session("x%")
        second = store.begin_session(new_session(started=NOON + timedelta(days=1)))
        assert store.session("20261121").id == second.id
        assert store.session(first.id).id == first.id
        assert store.latest_session().id == second.id
        assert [each.id for each in store.sessions()] == [second.id, first.id]
        with pytest.raises(SessionAmbiguous, match=r"fits 2 sessions .*give more"):
            store.session("202611")
        with pytest.raises(StoreNotFound):
            store.session("")


def test_the_latest_is_the_one_begun_last_even_when_the_clock_went_back(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin_session(new_session())
        later = store.begin_session(new_session(started=NOON - timedelta(days=9000)))
        assert store.latest_session().id == later.id


def test_every_commit_is_synced_and_keys_are_checked(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        pragmas = {name: store._connection.execute(f"PRAGMA {name}").fetchone()[0] for name in ("journal_mode", "synchronous")}
        assert pragmas == {"journal_mode": "wal", "synchronous": 2}
        with pytest.raises(StoreNotFound, match="no slide 99"):
            store.commit_field(new_field(99), [], LedgerRecord(counted=1))
        with pytest.raises(sqlite3.IntegrityError):
            store._connection.execute("INSERT INTO slide VALUES (1, 'none', 1, '', '', '', 0)")


def test_only_the_thread_that_entered_may_use_it(tmp_path: Path) -> None:
    problems: list[str] = []
    with Store(tmp_path) as store:

        def elsewhere() -> None:
            try:
                store.sessions()
            except StoreError as error:
                problems.append(str(error))

        thread = threading.Thread(target=elsewhere)
        thread.start()
        thread.join()
    assert len(problems) == 1
    assert DATABASE_NAME in problems[0]
    with pytest.raises(StoreError, match="not open"):
        store.sessions()
