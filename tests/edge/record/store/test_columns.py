"""Values and tables that another program left in a record: told as one StoreError, and mended without loss."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from edge.record.repair.checking import check
from edge.record.repair.repairing import repair
from edge.record.store.columns import meant
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import StoreCorrupt, StoreError, StoreNotFound
from edge.record.store.meanings import mapping, moment, numbers, picture_name, positive, session_id
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.reader import StoreReader
from edge.record.store.retention import make_room
from edge.record.store.schema import misshapen
from edge.record.store.store import Store
from edge.reports.html import session_report
from tests.edge.record.store.samples import EACH, recorded, version_one


def change(folder: Path, *statements: str) -> None:
    with closing(sqlite3.connect(folder / DATABASE_NAME, isolation_level=None)) as connection:
        connection.execute("PRAGMA ignore_check_constraints = ON")
        for statement in statements:
            connection.execute(statement)


def read(folder: Path) -> list[str]:
    with StoreReader(folder) as reader:
        reader.kept_pictures()
        for session in reader.sessions():
            for slide in reader.slides(session.id):
                reader.views(slide.id)
        return [session_report(reader, session.id) for session in reader.sessions()]


VALUES = (
    "UPDATE session SET id = char(0) || id",
    "UPDATE session SET id = '../../' || id",
    "UPDATE session SET id = x'00ff' WHERE number = 1",
    "UPDATE session SET note = x'00ff'",
    "UPDATE session SET finished = '2026-11-20T12:00:00'",
    """UPDATE session SET settings = '{"a": ' || replace(hex(zeroblob(450)), '0', '[')""",
    "UPDATE session SET counted = 'x'",
    "UPDATE rejection SET frames = 'x'",
    "UPDATE slide SET number = 1.5 WHERE id = 1",
    "UPDATE slide_class SET counted = 'x'",
    "UPDATE field SET um_per_px = 0",
    "UPDATE field SET um_per_px = 9e999",
    "UPDATE field SET latency_ms = 'x'",
    "UPDATE field SET image = '/etc/hostname'",
    "UPDATE field SET image = 'a' || char(0) || '.jpg'",
    "UPDATE field_class SET lost = x'00'",
    """UPDATE field_class SET by_method = '{"hough": "x"}' WHERE field_id = 1""",
    "UPDATE field_class SET disagreement = 'x'",
    "UPDATE field_view SET view = 1000000",
    "UPDATE cell SET diameter_px = 'x' WHERE id = 1",
    "UPDATE cell SET diameter_um = 9e999 WHERE id = 1",
    "UPDATE event SET after_field = 'x'",
    "UPDATE note SET text = x'00ff'",
)


@pytest.mark.parametrize("statement", VALUES)
def test_what_no_hemocam_wrote_is_one_error_and_is_mended(tmp_path: Path, statement: str) -> None:
    recorded(tmp_path)
    change(tmp_path, statement)
    with pytest.raises(StoreError, match=rf"{DATABASE_NAME}.*hemocam store repair"):
        read(tmp_path)
    assert [each for each in check(tmp_path) if not each.harmless]
    assert repair(tmp_path, lambda _: None) == []
    assert len(read(tmp_path)) >= 2


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE session RENAME COLUMN id TO other",
        "ALTER TABLE cell RENAME COLUMN id TO other",
        'ALTER TABLE field_class RENAME COLUMN field_id TO "other ""one"""',
        "ALTER TABLE slide ADD COLUMN more DEFAULT 'x'",
        "PRAGMA user_version = 1",
        "PRAGMA user_version = 0",
        "PRAGMA user_version = -3",
    ],
)
@pytest.mark.parametrize("open_store", [Store, StoreReader])
def test_tables_of_another_shape_are_refused_and_a_repair_loses_nothing(
    tmp_path: Path, statement: str, open_store: type[StoreReader]
) -> None:
    recorded(tmp_path)
    before = read(tmp_path)
    change(tmp_path, statement)
    with pytest.raises(StoreCorrupt, match="hemocam store repair"), open_store(tmp_path):
        pass
    assert repair(tmp_path, lambda _: None) == []
    assert read(tmp_path) == before


def test_a_table_that_was_dropped_costs_its_own_rows(tmp_path: Path) -> None:
    recorded(tmp_path)
    change(tmp_path, "DROP TABLE note")
    with pytest.raises(StoreCorrupt, match="table note is missing"), StoreReader(tmp_path):
        pass
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        assert [reader.notes(each.id) for each in reader.sessions()] == [[], []]
        assert [len(reader.events(each.id)) for each in reader.sessions()] == [1, 1]
        assert [reader.session_totals(each.id).cells for each in reader.sessions()] == [{k: 3 * n for k, n in EACH.items()}] * 2


def test_tables_beside_ours_are_left_alone(tmp_path: Path) -> None:
    recorded(tmp_path, sessions=1)
    change(tmp_path, "CREATE TABLE mine (a)", "ANALYZE", "CREATE INDEX by_time ON field (wall_time)")
    assert check(tmp_path) == []
    assert len(read(tmp_path)) == 1


@pytest.mark.parametrize("version", range(1, len(MIGRATIONS) + 1))
def test_every_versions_own_tables_fit_it_and_no_other(version: int) -> None:
    with closing(sqlite3.connect(":memory:")) as connection:
        for step in MIGRATIONS[:version]:
            for statement in step:
                connection.execute(statement)
        fitting = [each for each in range(1, len(MIGRATIONS) + 1) if not misshapen(connection, each)]
    assert fitting == [version]


@pytest.mark.parametrize("make", [recorded, version_one])
def test_a_file_that_lost_its_last_byte_is_read_by_a_lent_list_of_tables(tmp_path: Path, make: Callable[[Path], None]) -> None:
    make(tmp_path)
    path = tmp_path / DATABASE_NAME
    change(tmp_path, "PRAGMA wal_checkpoint(TRUNCATE)")
    path.write_bytes(path.read_bytes()[:-1])
    repair(tmp_path, lambda _: None)
    with StoreReader(tmp_path) as reader:
        fields = [len(reader.session_fields(each.id)) for each in reader.sessions()]
    assert fields == ([3, 3] if make is recorded else [3])


def test_numbers_that_cannot_be_do_not_keep_an_old_record_from_its_repair(tmp_path: Path) -> None:
    version_one(tmp_path)
    change(tmp_path, "UPDATE session SET dropped = -4, simulated = 7")
    with pytest.raises(StoreCorrupt, match="hemocam store repair"), Store(tmp_path):
        pass
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        assert (reader.latest_session().ledger.dropped, reader.latest_session().simulated) == (0, True)


def test_a_picture_outside_the_record_is_never_deleted(tmp_path: Path) -> None:
    folder = tmp_path / "record"
    recorded(folder)
    (tmp_path / "mine.jpg").write_bytes(bytes(9000))
    change(folder, "UPDATE field SET image = '../mine.jpg'")
    with Store(folder) as store, pytest.raises(StoreCorrupt, match="no picture's name"):
        make_room(store, 1)
    repair(folder, lambda _: None)
    with Store(folder) as store:
        make_room(store, 1)
    assert (tmp_path / "mine.jpg").exists()


def test_no_lock_is_made_outside_the_record(tmp_path: Path) -> None:
    recorded(tmp_path / "record")
    with Store(tmp_path / "record") as store, pytest.raises(StoreNotFound, match=r"\.\./\.\./x"):
        store.resume_session("../../x")
    assert list(tmp_path.glob("*.lock")) == []


def test_a_whole_name_is_not_ambiguous_where_another_begins_with_it(tmp_path: Path) -> None:
    recorded(tmp_path, sessions=2)
    with StoreReader(tmp_path) as reader:
        first = reader.sessions()[0].id
    change(tmp_path, "PRAGMA foreign_keys = OFF", f"UPDATE session SET id = '{first[:6]}' WHERE id != '{first}'")
    change(tmp_path, f"UPDATE rejection SET session_id = '{first[:6]}' WHERE session_id != '{first}'")
    with StoreReader(tmp_path) as reader:
        assert reader.session(first[:6]).id == first[:6]
        assert reader.session(first[:7]).id == first


def test_an_errors_text_holds_nothing_that_a_terminal_obeys() -> None:
    assert str(StoreCorrupt("token: \x1b[2J\x07 µm")) == r"token: \x1b[2J\x07 µm"


@pytest.mark.parametrize(
    ("of", "value"),
    [
        (moment, "2026-11-20T12:00:00"),
        (moment, "noon"),
        (mapping, "[1]"),
        (mapping, "{"),
        (numbers, '{"a": 1.5}'),
        (numbers, '{"a": true}'),
        (session_id, ""),
        (session_id, "a/b"),
        (session_id, "a" * 65),
        (session_id, "a\n"),
        (picture_name, "../a.jpg"),
        (picture_name, "/a.jpg"),
        (picture_name, "hemocam.sqlite"),
        (picture_name, "a" * 256 + ".jpg"),
        (positive, 0.0),
        (positive, 5e-324),
        (positive, float("inf")),
    ],
)
def test_what_a_value_cannot_mean(of: Callable[[Any], object], value: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        of(value)


def test_a_row_is_told_by_its_first_wrong_column() -> None:
    with pytest.raises(ValueError, match=r"rejection\.frames is str"):
        meant("rejection", ("20261120-115302-k3f9", "black", "3"))
    with pytest.raises(ValueError, match="rejection has 2 columns"):
        meant("rejection", ("20261120-115302-k3f9", "black"))
    assert meant("rejection", ("a", "black", 3)) == {"session_id": "a", "reason": "black", "frames": 3}
