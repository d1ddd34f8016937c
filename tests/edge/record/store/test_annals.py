"""Undoing, notes, events, resuming and views."""

from __future__ import annotations

import tempfile
from datetime import timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.record.repair.checking import check
from edge.record.store.errors import StoreBusy, StoreCorrupt, StoreNotFound
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord, SessionState
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session


@given(acts=st.lists(st.sampled_from(["commit", "commit", "undo", "slide"]), max_size=25), seed=st.integers(0, 3))
@settings(max_examples=30, deadline=None)
def test_totals_ledger_and_rows_agree_after_every_commit_and_undo(acts: list[str], seed: int) -> None:
    with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
        session = store.begin_session(new_session())
        slides = [store.begin_slide(session.id, "", NOON)]
        standing: list[list[dict[str, int]]] = [[]]
        undone = 0
        for number, act in enumerate(acts):
            counted = sum(map(len, standing))
            if act == "commit":
                found = {"rbc": (number + seed) % 5, "plt": number % 3} | ({"wbc": 1} if number % 4 == 0 else {})
                ledger = LedgerRecord(counted=counted + 1, rejected=undone, rejections={"undone": undone})
                field = new_field(slides[-1].id, number, methods=dict.fromkeys(found, "hough"), view=b"%d" % number)
                store.commit_field(field, cells(found), ledger)
                standing[-1].append(found)
            elif act == "undo":
                ledger = LedgerRecord(counted=max(0, counted - 1), rejected=undone + 1, rejections={"undone": undone + 1})
                if not standing[-1]:
                    with pytest.raises(StoreNotFound, match="no field to undo"):
                        store.undo_field(session.id, ledger, NOON)
                    continue
                field_record = store.undo_field(session.id, ledger, NOON)
                assert field_record.counts == standing[-1].pop()
                assert field_record.undone == NOON
                undone += 1
            else:
                slides.append(store.begin_slide(session.id, "", NOON))
                standing.append([])
            for slide, fields in zip(slides, standing, strict=True):
                totals = store.totals(slide.id)
                assert totals.fields == len(fields) == len(store.slide_fields(slide.id)) == len(store.views(slide.id))
                for kind in ("rbc", "wbc", "plt"):
                    looked_for = [field[kind] for field in fields if kind in field]
                    assert totals.cells.get(kind) == (sum(looked_for) if looked_for else None)
            assert store.session(session.id).ledger.counted == sum(map(len, standing)) == len(store.session_fields(session.id))
            assert store.undone(session.id) == undone
        assert len(store.session_fields(session.id, including_undone=True)) == sum(map(len, standing)) + undone
        assert [each for each in check(Path(name)) if not each.harmless] == []


def test_an_undone_field_stays_in_the_record_and_its_number_is_not_given_again(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        for number in range(3):
            store.commit_field(new_field(slide.id, number), cells({"rbc": 2}), LedgerRecord(counted=number + 1))
        ledger = LedgerRecord(counted=2, rejected=1, rejections={"undone": 1})
        with pytest.raises(ValueError, match="ledger says 3 counted"):
            store.undo_field(session.id, LedgerRecord(counted=3), NOON)
        assert store.totals(slide.id).fields == 3
        undone = store.undo_field(session.id, ledger, NOON)
        assert len(store.cells(undone.id)) == 2
        assert store.diameters(session.id, "rbc") == [(40.0, None)] * 4
        later = LedgerRecord(counted=3, rejected=1, rejections={"undone": 1})
        assert store.commit_field(new_field(slide.id, 3), [], later).number == 4
        assert [field.number for field in store.slide_fields(slide.id)] == [1, 2, 4]
        assert [field.number for field in store.recent_fields(slide.id, 2)] == [2, 4]


def test_a_note_is_kept_with_the_slide_and_its_last_field(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        assert store.add_note(session.id, "before", NOON).slide_id is None
        slide = store.begin_slide(session.id, "", NOON)
        assert store.add_note(session.id, "empty slide", NOON).field_id is None
        field = store.commit_field(new_field(slide.id), [], LedgerRecord(counted=1))
        note = store.add_note(session.id, "a sickle cell, lower left", NOON + timedelta(seconds=5))
        assert (note.slide_id, note.field_id, note.written) == (slide.id, field.id, NOON + timedelta(seconds=5))
        assert [each.text for each in store.notes(session.id)] == ["before", "empty slide", "a sickle cell, lower left"]
        with pytest.raises(StoreNotFound):
            store.add_note("nobody", "", NOON)


def test_the_order_of_events_and_fields_stands_whatever_the_clock_said(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session(boot_id="b-1", clock_trusted=False))
        assert (session.boot_id, session.clock_trusted) == ("b-1", False)
        slide = store.begin_slide(session.id, "", NOON)
        first = store.commit_field(new_field(slide.id, clock_trusted=True, calibration="40x"), [], LedgerRecord(counted=1))
        assert (first.clock_trusted, first.calibration) == (True, "40x")
        store.add_event(session.id, "clock", "set back", NOON - timedelta(days=9000), 12.5, jump_s=-9000 * 86400.0)
        second = store.commit_field(new_field(slide.id, 1), [], LedgerRecord(counted=2))
        store.add_event(session.id, "camera", "lost", NOON, 13.5)
        events = store.events(session.id)
        assert [(each.kind, each.after_field, each.jump_s) for each in events] == [
            ("clock", first.id, -9000 * 86400.0),
            ("camera", second.id, None),
        ]
        assert events[0].at == NOON - timedelta(days=9000)


def test_an_interrupted_session_is_gone_on_with(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        store.commit_field(new_field(slide.id), cells({"rbc": 3}), LedgerRecord(counted=1))
        with pytest.raises(StoreBusy, match="another process"):
            store.resume_session(session.id)
    key = (session.camera, session.model_sha256, session.specimen)
    with Store(tmp_path) as store:
        found = store.interrupted_session(*key)
        assert found is not None
        assert store.resume_session(found.id).state is SessionState.RUNNING
        store.commit_field(new_field(slide.id, 1), cells({"rbc": 4}), LedgerRecord(counted=2))
        assert store.session_totals(session.id).cells["rbc"] == 7
        store.finish_session(session.id, LedgerRecord(counted=2), "stopped", NOON)
        with pytest.raises(StoreNotFound, match="finished"):
            store.resume_session(session.id)
        with pytest.raises(StoreNotFound, match="no session"):
            store.resume_session("nobody")
    assert list((tmp_path / "running").iterdir()) == []


def test_only_the_cameras_newest_session_is_offered(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        old = store.begin_session(new_session())
    key = (old.camera, old.model_sha256, old.specimen)
    with Store(tmp_path) as store:
        assert store.interrupted_session(*key) == store.session(old.id)
        assert store.interrupted_session("another camera", *key[1:]) is None
        assert store.interrupted_session(key[0], "another model", key[2]) is None
        assert store.interrupted_session(*key[:2], "another specimen") is None
        store.begin_session(new_session(camera="another camera"))
        assert store.interrupted_session(*key) == store.session(old.id)
        new = store.begin_session(new_session())
        assert store.interrupted_session(*key) is None  # it is running
        store.finish_session(new.id, LedgerRecord(), "stopped", NOON)
        assert store.interrupted_session(*key) is None  # it is finished, and the older one is history


def test_a_session_whose_ledger_is_wrong_is_not_resumed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        store._connection.execute("UPDATE session SET counted = 7")
    with Store(tmp_path) as store:
        with pytest.raises(StoreCorrupt, match="store repair"):
            store.resume_session(session.id)
        assert store.session(session.id).state is SessionState.INTERRUPTED


def test_views_come_back_in_order_and_no_more_than_asked_for(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        slide = store.begin_slide(store.begin_session(new_session()).id, "", NOON)
        for number in range(5):
            view = None if number == 1 else bytes([number]) * 3
            store.commit_field(new_field(slide.id, number, view=view), [], LedgerRecord(counted=number + 1))
        assert store.views(slide.id) == [bytes([n]) * 3 for n in (0, 2, 3, 4)]
        assert store.views(slide.id, most=2) == [bytes([n]) * 3 for n in (3, 4)]


def test_the_next_slide_may_be_of_another_specimen(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session(specimen="A"))
        store.begin_slide(session.id, "", NOON)
        store.begin_slide(session.id, "", NOON, specimen="B")
    with StoreReader(tmp_path) as reader:
        assert [slide.specimen for slide in reader.slides(session.id)] == ["A", "B"]
