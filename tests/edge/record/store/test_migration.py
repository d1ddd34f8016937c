"""Records of HemoCam 0.1 open in this version, and a copy of each stays beside it."""

from __future__ import annotations

import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.record.repair.checking import check
from edge.record.store import schema
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import StoreError, StoreFull
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord, SessionState
from edge.record.store.schema import SCHEMA_VERSION
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, version_one

OPEN = (
    "import sys, pathlib; from edge.record.store.store import Store\nwith Store(pathlib.Path(sys.argv[1])) as s: s.sessions()"
)


def backups(folder: Path) -> list[Path]:
    return sorted(folder.glob("hemocam-v*.sqlite"))


def test_all_rows_of_an_old_record_are_there_and_can_be_gone_on_with(tmp_path: Path) -> None:
    version_one(tmp_path, fields=3)
    with Store(tmp_path) as store:
        session = store.latest_session()
        assert session.state is SessionState.INTERRUPTED
        assert session.ledger == LedgerRecord(counted=3, rejected=2, rejections={"moving": 2})
        assert (session.boot_id, session.clock_trusted) == (None, None)
        assert store.session_totals(session.id).cells == {"rbc": 6, "plt": 3}
        assert store.session_totals(session.id).fields == 3
        fields = store.session_fields(session.id)
        assert {(field.engine, field.undone, field.image_dropped) for field in fields} == {("onnxruntime 1.20 CPU", None, None)}
        assert [len(store.cells(field.id)) for field in fields] == [3, 3, 3]
        assert [slide.specimen for slide in store.slides(session.id)] == ["S-1"]
        store.resume_session(session.id)
        ledger = LedgerRecord(counted=4, rejected=2, rejections={"moving": 2})
        store.commit_field(new_field(1, 9), cells({"rbc": 5}), ledger)
        assert store.session_totals(session.id).cells == {"rbc": 11, "wbc": 0, "plt": 3}
    assert [each for each in check(tmp_path) if not each.harmless] == []


def test_the_old_record_is_kept_as_it_was(tmp_path: Path) -> None:
    version_one(tmp_path)
    with Store(tmp_path), Store(tmp_path):
        pass
    kept, *later = sorted(backups(tmp_path))
    assert len(later) == len(MIGRATIONS) - 2, "one before each step"
    connection = sqlite3.connect(kept)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    assert connection.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert connection.execute("SELECT count(*) FROM cell").fetchone()[0] == 9
    connection.close()


def test_a_new_record_needs_no_backup(tmp_path: Path) -> None:
    with Store(tmp_path):
        pass
    assert backups(tmp_path) == []


def test_without_a_backup_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    version_one(tmp_path)

    def full(*_: object) -> None:
        raise StoreFull("no room")

    monkeypatch.setattr(schema.migrate, "__defaults__", (full,))
    with pytest.raises(StoreFull), Store(tmp_path):
        pass
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == 1
    connection.close()
    monkeypatch.undo()
    with Store(tmp_path) as store:
        assert store.session_totals(store.latest_session().id).fields == 3


def test_a_damaged_old_record_is_not_migrated(tmp_path: Path) -> None:
    version_one(tmp_path, fields=200)
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes())
    content[20 * 4096 :] = b"\xa5" * (len(content) - 20 * 4096)
    path.write_bytes(content)
    with pytest.raises(StoreError, match="hemocam store repair"), Store(tmp_path):
        pass
    assert path.read_bytes()[:4096] == bytes(content[:4096])
    assert backups(tmp_path) == []


@pytest.mark.parametrize("seed", range(5))
def test_kill_in_mid_migration(tmp_path: Path, seed: int) -> None:
    """At whatever moment: the old record or the new one, all rows in either, and the next opening goes through."""
    version_one(tmp_path, fields=400)
    root = Path(__file__).parents[3]
    code = OPEN.replace("with", "print('here', flush=True)\nwith", 1)
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], cwd=root, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(seed * 0.012)
        process.send_signal(signal.SIGKILL)
    with Store(tmp_path) as store:
        session = store.latest_session()
        assert store.session_totals(session.id).fields == len(store.session_fields(session.id)) == 400
        assert store.session_totals(session.id).cells == {"rbc": 800, "plt": 400}
    with StoreReader(tmp_path) as reader:
        assert reader._rows("SELECT count(*) FROM cell")[0][0] == 1200
    assert len(backups(tmp_path)) in (SCHEMA_VERSION - 1, SCHEMA_VERSION)
    assert [each for each in check(tmp_path) if not each.harmless] == []


def test_processes_that_migrate_at_once_do_not_hurt_each_other(tmp_path: Path) -> None:
    version_one(tmp_path, fields=50)
    processes = [subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(3)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], errors
    assert len(backups(tmp_path)) == SCHEMA_VERSION - 1
    with StoreReader(tmp_path) as reader:
        assert reader.session_totals(reader.latest_session().id).fields == 50


def test_a_record_may_be_undone_after_migration(tmp_path: Path) -> None:
    version_one(tmp_path, fields=2)
    with Store(tmp_path) as store:
        session = store.resume_session(store.latest_session().id)
        ledger = LedgerRecord(counted=1, rejected=3, rejections={"moving": 2, "undone": 1})
        assert store.undo_field(session.id, ledger, NOON).number == 2
        assert store.session_totals(session.id).cells == {"rbc": 2, "plt": 1}
