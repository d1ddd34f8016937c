from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.record.repair import store_backup
from edge.record.repair.checking import check
from edge.record.repair.store_backup import PictureBackup, back_up
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import StoreCorrupt, StoreNotFound
from edge.record.store.pictures import IMAGES
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord, SessionState
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session, picture, version_one

WRITER = """
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


def test_copies_made_while_another_process_writes_are_whole(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path / "store")], cwd=root, stdout=subprocess.PIPE) as writer:
        assert writer.stdout is not None
        for _ in range(20):
            writer.stdout.readline()
        copies = [back_up(tmp_path / "store", tmp_path / "copies") for _ in range(4)]
        writer.kill()
    assert len(set(copies)) == 4
    for copy in copies:
        assert check(copy) == []
        with StoreReader(copy) as reader:
            session = reader.latest_session()
            assert session.state is SessionState.INTERRUPTED
            fields = reader.session_fields(session.id)
            assert len(fields) == session.ledger.counted >= 19
            assert all((copy / (field.image or "")).is_file() for field in fields)
    assert not list((tmp_path / "copies").glob(".*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    with Store(tmp_path / "store") as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        name = picture(store.folder, f"{IMAGES}/{session.id}/1-000001")
        store.commit_field(new_field(slide.id, image=name), cells({"rbc": 2}), LedgerRecord(counted=1))
        picture(store.folder, f"{IMAGES}/{session.id}/1-000002")  # its commit was cut off
        picture(store.folder, f"{IMAGES}/{session.id}/moving-000003")
        picture(store.folder, f"snapshots/{session.id}-1")
    return tmp_path / "store"


def files(folder: Path) -> list[str]:
    return sorted(each.name.split("-")[-1] for each in folder.rglob("*.jpg"))


def test_pictures_are_copied_linked_or_left_out(tmp_path: Path, folder: Path) -> None:
    copied = back_up(folder, tmp_path / "a")
    linked = back_up(folder, tmp_path / "a", PictureBackup.LINK)
    without = back_up(folder, tmp_path / "a", PictureBackup.NONE)
    assert files(copied) == files(linked) == ["000001.jpg", "000003.jpg", "1.jpg"]
    assert {each.stat().st_nlink for each in copied.rglob("*.jpg")} == {1}
    assert {each.stat().st_nlink for each in linked.rglob("*.jpg")} == {2}
    assert files(without) == []
    assert len({copied, linked, without}) == 3


def test_a_copy_may_be_written_on_without_changing_the_first(tmp_path: Path, folder: Path) -> None:
    copy = back_up(folder, tmp_path / "a")
    with Store(copy) as store:
        store.begin_session(new_session(specimen="only here"))
        assert len(store.sessions()) == 2
    with StoreReader(folder) as reader:
        assert len(reader.sessions()) == 1


def test_an_older_record_is_copied_as_it_is(tmp_path: Path) -> None:
    version_one(tmp_path / "store")
    copy = back_up(tmp_path / "store", tmp_path / "a")
    connection = sqlite3.connect(copy / DATABASE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()


def test_without_a_record_nothing_is_made(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match="holds no record"):
        back_up(tmp_path / "nowhere", tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


def test_a_damaged_record_gives_no_backup_that_looks_good(tmp_path: Path, folder: Path) -> None:
    content = bytearray((folder / DATABASE_NAME).read_bytes())
    content[8 * 4096 : 12 * 4096] = b"\xa5" * (4 * 4096)
    (folder / DATABASE_NAME).write_bytes(content)
    with pytest.raises(StoreCorrupt, match="store repair"):
        back_up(folder, tmp_path / "a")
    assert list((tmp_path / "a").iterdir()) == []


def test_two_in_one_second_have_two_names(tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_backup, "stamp", lambda: "20261120-115302")
    names = [back_up(folder, tmp_path / "a").name for _ in range(3)]
    assert names == ["hemocam-20261120-115302", "hemocam-20261120-115302-2", "hemocam-20261120-115302-3"]
