from __future__ import annotations

import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from edge.record.store import schema
from edge.record.store.errors import StoreCorrupt, StoreTooNew, StoreTooOld
from edge.record.store.reader import DATABASE_NAME, StoreReader
from edge.record.store.store import Store
from tests.edge.record.store.samples import new_session

OPEN = (
    "import sys, pathlib; from edge.record.store.store import Store\nwith Store(pathlib.Path(sys.argv[1])) as s: s.sessions()"
)


@pytest.mark.parametrize("open_store", [Store, StoreReader])
def test_a_newer_schema_is_refused(tmp_path: Path, open_store: type[StoreReader]) -> None:
    with Store(tmp_path) as store:
        store._connection.execute("PRAGMA user_version = 99")
    with pytest.raises(StoreTooNew, match=r"schema is 99.*update HemoCam"), open_store(tmp_path):
        pass


def test_an_older_schema_is_migrated_by_a_writer_and_refused_by_a_reader(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, ("ALTER TABLE slide ADD COLUMN colour TEXT",)))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", len(schema.MIGRATIONS))
    with pytest.raises(StoreTooOld, match="older HemoCam"), StoreReader(tmp_path):
        pass
    with Store(tmp_path) as store:
        assert store._connection.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS)
        assert store._connection.execute("SELECT count(colour) FROM slide").fetchone()[0] == 0
        assert store.latest_session().id == session.id


def test_a_migration_that_fails_leaves_the_old_tables(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with Store(tmp_path):
        pass
    broken = ("ALTER TABLE slide ADD COLUMN colour TEXT", "ALTER TABLE nothing ADD COLUMN x TEXT")
    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, broken))
    monkeypatch.setattr(schema, "SCHEMA_VERSION", len(schema.MIGRATIONS))
    with pytest.raises(schema.StoreCorrupt.__base__, match="nothing"), Store(tmp_path):  # type: ignore[arg-type]
        pass
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    assert connection.execute("PRAGMA user_version").fetchone()[0] == len(schema.MIGRATIONS) - 1
    assert "colour" not in [row[1] for row in connection.execute("PRAGMA table_info(slide)")]
    connection.close()


def test_another_programs_database_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("CREATE TABLE bookmarks (id)")
    connection.commit()
    connection.close()
    with pytest.raises(StoreCorrupt, match="another program"), Store(tmp_path):
        pass


def test_processes_that_make_the_record_at_once_do_not_hurt_each_other(tmp_path: Path) -> None:
    processes = [subprocess.Popen([sys.executable, "-c", OPEN, str(tmp_path)], stderr=subprocess.PIPE) for _ in range(4)]
    errors = [process.communicate(timeout=60)[1].decode() for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0, 0], errors
