from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.record.repair.checking import check
from edge.record.repair.findings import FindingKind
from edge.record.repair.repairing import repair
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import StoreBusy, StoreNotFound, StoreTooNew
from edge.record.store.pictures import IMAGES, ORPHANS
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord, SessionState
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, picture, recorded, version_one


def change(folder: Path, *statements: str) -> None:
    connection = sqlite3.connect(folder / DATABASE_NAME)
    connection.execute("PRAGMA ignore_check_constraints = ON")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def kinds(folder: Path) -> set[FindingKind]:
    return {each.kind for each in check(folder)}


def test_a_record_in_order_has_no_findings_and_is_left_alone(tmp_path: Path) -> None:
    recorded(tmp_path)
    before = (tmp_path / DATABASE_NAME).read_bytes()
    assert check(tmp_path) == []
    assert repair(tmp_path, lambda _: None) == []
    assert (tmp_path / DATABASE_NAME).read_bytes() == before
    assert list(tmp_path.glob("*before-repair*")) == []


def test_where_there_is_none_it_says_so(tmp_path: Path) -> None:
    for look in (check, lambda folder: repair(folder, lambda _: None)):
        with pytest.raises(StoreNotFound, match="holds no record"):
            look(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_newer_record_is_refused(tmp_path: Path) -> None:
    recorded(tmp_path)
    change(tmp_path, "PRAGMA user_version = 99")
    for look in (check, lambda folder: repair(folder, lambda _: None)):
        with pytest.raises(StoreTooNew):
            look(tmp_path)


def test_an_older_record_is_no_harm_and_a_repair_brings_it_up_to_date(tmp_path: Path) -> None:
    version_one(tmp_path)
    assert kinds(tmp_path) == {FindingKind.OLD_SCHEMA}
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        assert reader.session_totals(reader.latest_session().id).fields == 3


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        ("UPDATE session SET counted = counted + 1 WHERE number = 1", FindingKind.LEDGER),
        ("UPDATE session SET counted = 0", FindingKind.LEDGER),
        ("UPDATE session SET rejected = 7", FindingKind.LEDGER),
        ("UPDATE rejection SET frames = 9", FindingKind.LEDGER),
        ("UPDATE slide SET counted = 99", FindingKind.COUNTS),
        ("UPDATE slide_class SET counted = counted + 1", FindingKind.COUNTS),
        ("DELETE FROM slide_class", FindingKind.COUNTS),
        ("UPDATE field_class SET counted = counted + 2 WHERE cell_class = 'rbc'", FindingKind.COUNTS),
        ("UPDATE field_class SET counted = 1 WHERE cell_class = 'rbc'", FindingKind.COUNTS),
        ("DELETE FROM cell WHERE id % 5 = 0", FindingKind.COUNTS),
        ("DELETE FROM field WHERE id = 2", FindingKind.DAMAGED),
        ("DELETE FROM slide WHERE id = 1", FindingKind.DAMAGED),
        ("DELETE FROM session WHERE number = 1", FindingKind.DAMAGED),
        ("DELETE FROM field_class WHERE field_id = 1 AND cell_class = 'rbc'", FindingKind.DAMAGED),
        ("UPDATE session SET started = 'yesterday' WHERE number = 1", FindingKind.UNREADABLE),
        ("UPDATE session SET settings = '[1' WHERE number = 1", FindingKind.UNREADABLE),
        ("UPDATE field SET wall_time = '2026-11-20'", FindingKind.UNREADABLE),
        ("UPDATE field SET focus = 'sharp'", FindingKind.UNREADABLE),
        ("UPDATE field SET engine = x'ff'", FindingKind.UNREADABLE),
        ("UPDATE cell SET x = 9e999 WHERE id < 4", FindingKind.UNREADABLE),
        ("UPDATE cell SET outline = x'00' WHERE id < 4", FindingKind.UNREADABLE),
        ("UPDATE event SET at = 3", FindingKind.UNREADABLE),
        ("UPDATE session SET simulated = 5", FindingKind.UNREADABLE),
        ("UPDATE session SET dropped = -4", FindingKind.UNREADABLE),
        ("UPDATE session SET finish_reason = NULL", FindingKind.UNREADABLE),
        ("UPDATE session SET dropped = -1, failed = -1, um_per_px = 0", FindingKind.UNREADABLE),
        ("UPDATE cell SET border = 7 WHERE id < 4", FindingKind.UNREADABLE),
        ("UPDATE slide_class SET fields = 0", FindingKind.COUNTS),
    ],
)
def test_what_does_not_fit_is_found_and_mended(tmp_path: Path, statement: str, kind: FindingKind) -> None:
    recorded(tmp_path)
    with StoreReader(tmp_path) as reader:
        captured = sum(session.ledger.captured for session in reader.sessions())
    change(tmp_path, statement)
    assert kind in kinds(tmp_path)
    told: list[str] = []
    assert repair(tmp_path, told.append) == []
    assert told
    assert check(tmp_path) == []
    assert len(list(tmp_path.glob(f"before-repair-*/{DATABASE_NAME}"))) == 1
    with Store(tmp_path) as store:
        for session in store.sessions():
            fields = store.session_fields(session.id)
            assert session.ledger.counted == len(fields) == store.session_totals(session.id).fields
            for kind_word, number in store.session_totals(session.id).cells.items():
                assert number == sum(field.counts.get(kind_word, 0) for field in fields)
        if "session SET" not in statement and "rejection" not in statement and "DELETE FROM s" not in statement:
            assert sum(session.ledger.captured for session in store.sessions()) == captured  # a lost field is a failed frame


def test_a_count_stands_when_its_cells_are_gone(tmp_path: Path) -> None:
    recorded(tmp_path, sessions=1)
    change(tmp_path, "DELETE FROM cell WHERE field_id = 1 AND cell_class = 'rbc' AND id % 2 = 0")
    repair(tmp_path, lambda _: None)
    with StoreReader(tmp_path) as reader:
        field = reader.session_fields(reader.latest_session().id)[0]
        assert (field.counts["rbc"], field.cells_lost) == (30, {"rbc": 15})
        assert any("15 of 30 rbc are lost" in event.text for event in reader.events(reader.latest_session().id))


def test_a_class_whose_row_is_lost_is_what_its_cells_say_and_unknown_without_any(tmp_path: Path) -> None:
    recorded(tmp_path, sessions=1)
    change(tmp_path, "DELETE FROM field_class WHERE field_id = 1", "DELETE FROM cell WHERE field_id = 1 AND cell_class = 'wbc'")
    repair(tmp_path, lambda _: None)
    with StoreReader(tmp_path) as reader:
        field = reader.session_fields(reader.latest_session().id)[0]
        assert field.counts == {"rbc": 30, "plt": 3}
        assert field.methods["rbc"] == "unknown"


def with_pictures(folder: Path) -> str:
    with Store(folder) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        for number in range(3):
            name = picture(folder, f"{IMAGES}/{session.id}/1-{number:06d}")
            store.commit_field(new_field(slide.id, number, image=name), cells({"rbc": 1}), LedgerRecord(counted=number + 1))
        picture(folder, f"{IMAGES}/{session.id}/moving-000009")
        picture(folder, f"snapshots/{session.id}-1")
        store.finish_session(session.id, LedgerRecord(counted=3), "stopped", NOON)
    assert check(folder) == []
    return session.id


def test_pictures_that_are_missing_unnamed_or_cut_off(tmp_path: Path) -> None:
    session_id = with_pictures(tmp_path)
    here = tmp_path / IMAGES / session_id
    (here / "1-000000.jpg").unlink()
    whole = (here / "1-000001.jpg").read_bytes()
    (here / "1-000001.jpg").write_bytes(whole[: len(whole) // 2])
    orphan = tmp_path / picture(tmp_path, f"{IMAGES}/{session_id}/2-000077")
    (here / ".1-000002.jpg.99999999.partial").write_bytes(b"half")
    (here / f".1-000003.jpg.{os.getpid()}.partial").write_bytes(b"of a living process")
    (tmp_path / "running").mkdir(exist_ok=True)
    (tmp_path / "running" / f"{session_id}.lock").touch()
    assert sorted((each.kind.value, Path(each.where).name) for each in check(tmp_path)) == [
        ("damaged picture", "1-000001.jpg"),
        ("half-written file", ".1-000002.jpg.99999999.partial"),
        ("missing picture", "1-000000.jpg"),
        ("orphan picture", "2-000077.jpg"),
        ("stale lock", f"{session_id}.lock"),
    ]
    assert repair(tmp_path, lambda _: None) == []
    assert not orphan.exists()
    kept = sorted(each.name for each in (tmp_path / ORPHANS).rglob("*.jpg"))
    assert kept == ["1-000001.jpg", "2-000077.jpg"]
    with StoreReader(tmp_path) as reader:
        fields = reader.session_fields(session_id)
        assert [field.image for field in fields] == [None, None, f"{IMAGES}/{session_id}/1-000002.jpg"]
        assert reader.session_totals(session_id).fields == 3
    assert (here / "moving-000009.jpg").exists()


def test_a_running_sessions_picture_on_its_way_is_no_orphan_and_no_repair_may_begin(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        picture(tmp_path, f"{IMAGES}/{session.id}/1-000001")
        assert check(tmp_path) == []
        with pytest.raises(StoreBusy, match="stop it"):
            repair(tmp_path, lambda _: None)
    assert {FindingKind.ORPHAN_PICTURE} == kinds(tmp_path)
    with StoreReader(tmp_path) as reader:
        assert reader.session(session.id).state is SessionState.INTERRUPTED


def test_a_check_while_another_process_writes_finds_nothing(tmp_path: Path) -> None:
    writer = """
import sys
from pathlib import Path
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, picture
with Store(Path(sys.argv[1])) as store:
    session = store.begin_session(new_session())
    slide = store.begin_slide(session.id, "", NOON)
    for number in range(100000):
        name = picture(store.folder, f"images/{session.id}/1-{number:06d}")
        store.commit_field(new_field(slide.id, number, image=name), cells({"rbc": 9}), LedgerRecord(counted=number + 1))
        print(number, flush=True)
"""
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", writer, str(tmp_path)], cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        found = [each for _ in range(8) for each in check(tmp_path)]
        process.kill()
    assert found == []
