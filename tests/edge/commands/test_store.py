from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.commands.store import app
from edge.record.store.reader import DATABASE_NAME, StoreReader
from tests.edge.record.repair.test_checking import change
from tests.edge.record.store.samples import recorded

run = CliRunner()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recorded(tmp_path / "store")
    return tmp_path / "store"


def test_check_and_repair_say_what_they_find_and_do(folder: Path) -> None:
    fine = run.invoke(app, ["check", "--store", str(folder)])
    assert (fine.exit_code, fine.output.strip()) == (0, f"{folder} is in order")
    change(folder, "UPDATE session SET counted = 9 WHERE number = 1")
    found = run.invoke(app, ["check", "--store", str(folder)])
    assert found.exit_code == 1
    assert "its ledger says 9 frames were counted, but it has 3 fields" in found.output
    assert "hemocam store repair" in found.output
    said = run.invoke(app, ["check", "--json", "--store", str(folder)])
    assert [json.loads(line)["kind"] for line in said.output.splitlines()] == ["ledger"]
    mended = run.invoke(app, ["repair", "--store", str(folder)])
    assert mended.exit_code == 0
    assert "9 fields were counted and 3 are here; 6 lost, now failed" in mended.output
    assert "before-repair-" in mended.output
    assert mended.output.rstrip().endswith("is in order")
    assert run.invoke(app, ["check", "--store", str(folder)]).exit_code == 0


def test_what_does_no_harm_is_no_failure(folder: Path) -> None:
    (folder / "running" / "x.lock").touch()
    said = run.invoke(app, ["check", "--store", str(folder)])
    assert said.exit_code == 0
    assert "stale lock" in said.output


def test_backup_prints_where_it_is(folder: Path, tmp_path: Path) -> None:
    said = run.invoke(app, ["backup", str(tmp_path / "copies"), "--store", str(folder), "--pictures", "link"])
    assert said.exit_code == 0
    assert (Path(said.output.strip()) / DATABASE_NAME).is_file()


def test_export_of_one_session(folder: Path, tmp_path: Path) -> None:
    with StoreReader(folder) as reader:
        session_id = reader.latest_session().id
    said = run.invoke(app, ["export", str(tmp_path / "tables"), "--store", str(folder), "--session", session_id])
    assert said.exit_code == 0, said.output
    names = [Path(line).name for line in said.output.split()]
    assert names == ["sessions.csv", "fields.csv", "cells.csv", "notes.csv", "events.csv"]
    assert len((tmp_path / "tables" / "sessions.csv").read_text().splitlines()) == 2
