"""What goes first when the disk runs low."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.record.repair.checking import check
from edge.record.repair.findings import FindingKind
from edge.record.store.pictures import IMAGES, next_picture_number, pictures
from edge.record.store.records import LedgerRecord
from edge.record.store.retention import make_room
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, picture

RANK = {"refused": 0, "undone": 1, "snapshot": 2, "counted": 3}
ALL = 10**12


def logged(store: Store, acts: list[str]) -> tuple[str, list[tuple[int, int, str]]]:
    """A session of these acts; gives its pictures as (rank, order, name)."""
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    kept: dict[str, tuple[int, int, str]] = {}
    counted = undone = 0
    for number, act in enumerate(acts, start=1):
        if act == "counted":
            counted += 1
            name = picture(store.folder, f"{IMAGES}/{session.id}/1-{number:06d}")
            rejections = {"undone": undone} if undone else {}
            ledger = LedgerRecord(counted=counted, rejected=undone, rejections=rejections)
            store.commit_field(new_field(slide.id, number, image=name), cells({"rbc": 1}), ledger)
            kept[name] = (RANK["counted"], number, name)
        elif act == "undo" and counted:
            counted, undone = counted - 1, undone + 1
            ledger = LedgerRecord(counted=counted, rejected=undone, rejections={"undone": undone})
            name = store.undo_field(session.id, ledger, NOON).image or ""
            kept[name] = (RANK["undone"], kept[name][1], name)
        elif act == "refused":
            name = picture(store.folder, f"{IMAGES}/{session.id}/moving-{number:06d}")
            kept[name] = (RANK["refused"], number, name)
        elif act == "snapshot":
            name = picture(store.folder, f"snapshots/{session.id}-{number:06d}")
            os.utime(store.folder / name, (number, number))
            kept[name] = (RANK["snapshot"], number, name)
    return session.id, sorted(kept.values())


@given(
    acts=st.lists(st.sampled_from(["counted", "counted", "undo", "refused", "snapshot"]), max_size=14),
    most=st.integers(1, 6), keep_last=st.integers(0, 5),
)  # fmt: skip
@settings(max_examples=15, deadline=None)
def test_pictures_go_in_their_order_and_the_last_fields_stay(acts: list[str], most: int, keep_last: int) -> None:
    with tempfile.TemporaryDirectory() as name, Store(Path(name)) as store:
        session_id, in_order = logged(store, acts)
        fields = sorted(store.session_fields(session_id, including_undone=True), key=lambda field: field.id)
        protected = {field.image for field in (fields[-keep_last:] if keep_last else [])}
        may_go = [each for _, _, each in in_order if each not in protected]
        totals = store.session_totals(session_id)
        gone: list[str] = []
        while True:
            before = {each.name for top in (IMAGES, "snapshots") for each in pictures(store.folder, top)}
            room = make_room(store, ALL, keep_last=keep_last, most=most)
            after = {each.name for top in (IMAGES, "snapshots") for each in pictures(store.folder, top)}
            assert set(may_go[len(gone) : len(gone) + most]) == before - after
            assert room.pictures == len(before - after) <= most
            assert (room.freed_bytes > 0) == bool(room.pictures)
            gone += may_go[len(gone) : len(gone) + most]
            if not room.pictures:
                break
        assert gone == may_go
        assert store.session_totals(session_id) == totals
        assert {field.image for field in store.session_fields(session_id, True) if field.image_dropped} == (
            {field.image for field in fields} - protected
        )
        assert [each for each in check(store.folder) if not each.harmless] == []


def test_no_more_goes_than_is_needed(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        logged(store, ["refused"] * 5 + ["counted"] * 5)
        one = make_room(store, 1, keep_last=0)
        assert (one.refused, one.counted) == (1, 0)
        three = make_room(store, 2 * one.freed_bytes + 1, keep_last=0)
        assert three.refused == 3
        assert make_room(store, 0, keep_last=0).pictures == 0


def test_sessions_go_by_their_order_and_not_by_the_wall_clock(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        first = store.begin_session(new_session())
        second = store.begin_session(new_session(started=NOON.replace(year=1999)))
        for session in (second, first):
            picture(tmp_path, f"{IMAGES}/{session.id}/moving-000001")
        make_room(store, 1)
        assert not list(tmp_path.glob(f"{IMAGES}/{first.id}/*"))
        assert list(tmp_path.glob(f"{IMAGES}/{second.id}/*"))


def test_a_finished_session_keeps_no_last_fields(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session_id, _ = logged(store, ["counted"] * 4)
        assert make_room(store, ALL).counted == 0
        store.finish_session(session_id, LedgerRecord(counted=4), "stopped", NOON)
        assert make_room(store, ALL).counted == 4


def test_what_a_backup_links_to_stays(tmp_path: Path) -> None:
    with Store(tmp_path / "store") as store:
        _, ((_, _, name),) = logged(store, ["counted"])
        os.link(store.folder / name, tmp_path / "linked.jpg")
        assert make_room(store, ALL, keep_last=0).pictures == 0
        (tmp_path / "linked.jpg").unlink()
        assert make_room(store, ALL, keep_last=0).counted == 1


def test_a_crash_between_word_and_deed_is_found_and_tidied(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session_id, _ = logged(store, ["counted"])
        store.note_dropped([store.session_fields(session_id)[0].id], NOON)
    assert FindingKind.UNDROPPED_PICTURE in [each.kind for each in check(tmp_path)]


def test_numbers_go_on_where_a_session_stopped(tmp_path: Path) -> None:
    assert next_picture_number(tmp_path, "s") == 1
    picture(tmp_path, f"{IMAGES}/s/1-000007")
    picture(tmp_path, f"{IMAGES}/s/moving-000011-SIMULATED")
    assert next_picture_number(tmp_path, "s") == 12
