from __future__ import annotations

import os
import sqlite3
from pathlib import Path

import pytest

from edge.doctor.finding import Level
from edge.doctor.store import check_store
from edge.record.store.store import Store


@pytest.fixture
def record(tmp_path: Path) -> Path:
    with Store(tmp_path / "record"):
        pass
    return tmp_path / "record"


def test_no_record_yet(tmp_path: Path) -> None:
    (finding,) = check_store(tmp_path / "not/yet")
    assert finding.level is Level.OK
    assert "no record" in finding.text


def test_a_record(record: Path) -> None:
    (finding,) = check_store(record)
    assert finding.level is Level.OK
    assert f"{record}: 0 sessions" in finding.text


def test_a_record_of_a_newer_program(record: Path) -> None:
    (database,) = record.glob("*.sqlite")
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    (finding,) = check_store(record)
    assert finding.level is Level.ERROR
    assert "99" in finding.text


def test_a_damaged_record(record: Path) -> None:
    (database,) = record.glob("*.sqlite")
    database.write_bytes(b"this is no database, whatever it is called" * 100)
    (finding,) = check_store(record)
    assert finding.level is Level.ERROR
    assert "hemocam store check" in finding.cure


def test_a_file_in_the_folders_place(tmp_path: Path) -> None:
    (tmp_path / "record").touch()
    (finding,) = check_store(tmp_path / "record")
    assert finding.level is Level.ERROR


def test_a_folder_that_you_may_not_write(record: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    (finding,) = check_store(record)
    assert finding.level is Level.ERROR
    assert "you may not write" in finding.text
    assert "sudo" in finding.cure
