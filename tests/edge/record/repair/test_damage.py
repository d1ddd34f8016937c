"""Bytes of the database's file changed at random: told as a StoreError, and what can still be read is kept."""

from __future__ import annotations

import random
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from edge.record.repair.checking import check
from edge.record.repair.findings import FindingKind
from edge.record.repair.repairing import repair
from edge.record.store.database import DATABASE_NAME
from edge.record.store.errors import StoreCorrupt, StoreError
from edge.record.store.reader import StoreReader
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from edge.record.store.swap import REBUILT_NAME
from tests.edge.record.store.samples import EACH, NOON, cells, new_field, new_session, recorded, version_one

PAGE = 4096
TABLES = ("session", "slide", "field", "field_class", "field_view", "cell", "note", "event", "rejection")


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    folder = tmp_path_factory.mktemp("sound")
    recorded(folder, sessions=3, fields=6)
    return (folder / DATABASE_NAME).read_bytes()


def damaged(sound: bytes, seed: int) -> bytes:
    chance = random.Random(seed)
    content = bytearray(sound)
    kind = chance.choice(("bytes", "run", "noise page", "zero page", "cut"))
    if kind == "bytes":
        for _ in range(chance.choice((1, 3, 20))):
            content[chance.randrange(len(content))] = chance.randrange(256)
    elif kind == "run":
        start, length = chance.randrange(len(content)), chance.randrange(1, 300)
        content[start : start + length] = chance.randbytes(len(content[start : start + length]))
    elif kind == "cut":
        del content[chance.randrange(len(content)) :]
    else:
        start = chance.randrange(len(content) // PAGE) * PAGE
        content[start : start + PAGE] = chance.randbytes(PAGE) if kind == "noise page" else bytes(PAGE)
    return bytes(content)


def read_all(reader: StoreReader) -> None:
    reader.kept_pictures()
    for session in reader.sessions():
        for read in (reader.session_totals, reader.notes, reader.events, reader.undone):
            read(session.id)
        reader.diameters(session.id, "rbc")
        for slide in reader.slides(session.id):
            reader.views(slide.id)
            reader.recent_fields(slide.id)
        for field in reader.session_fields(session.id, including_undone=True):
            reader.cells(field.id)


def rows(path: Path, table: str) -> set[tuple[object, ...]] | None:
    """All of a table, None where it cannot be read to its end."""
    connection = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)
    connection.text_factory = bytes
    try:
        return set(connection.execute(f"SELECT * FROM {table} NOT INDEXED").fetchall())
    except sqlite3.DatabaseError:
        return None
    finally:
        connection.close()


@pytest.mark.parametrize("block", range(3))
def test_any_damage_is_a_store_error_and_repair_makes_a_sound_record(tmp_path: Path, sound: bytes, block: int) -> None:
    repaired = lost = 0
    for seed in range(block * 20, block * 20 + 20):
        folder = tmp_path / str(seed)
        folder.mkdir()
        (folder / DATABASE_NAME).write_bytes(damaged(sound, seed))
        for open_store in (StoreReader, Store):
            try:
                with open_store(folder) as reader:
                    read_all(reader)
            except StoreError as error:
                assert DATABASE_NAME in str(error), seed
        try:
            findings = check(folder)
            assert repair(folder, lambda _: None) == [], seed
        except StoreError:
            lost += 1  # nothing to read, or by its number a newer one's
            continue
        repaired += 1
        with Store(folder) as store:
            read_all(store)
            session = store.begin_session(new_session())
            slide = store.begin_slide(session.id, "", NOON)
            store.commit_field(new_field(slide.id), cells(EACH), LedgerRecord(counted=1))
        if any(each.kind is FindingKind.DAMAGED for each in findings):
            (kept,) = folder.glob("before-repair-*")
            assert (kept / DATABASE_NAME).read_bytes() == damaged(sound, seed)
    assert repaired >= 14  # of 20; those that are cut off within the first tables have nothing left


@pytest.mark.parametrize("seed", range(12))
def test_a_bad_page_costs_no_row_outside_it(tmp_path: Path, sound: bytes, seed: int) -> None:
    """One page of the tables' data is noise: every row of a table that can still be read to its end is in the new record,
    and of the others all but a page's worth."""
    content = bytearray(sound)
    leaves = [at for at in range(25 * PAGE, len(content), PAGE) if content[at] == 0x0D]  # b-tree leaves of tables
    start = random.Random(seed).choice(leaves)
    content[start : start + PAGE] = random.Random(seed).randbytes(PAGE)
    (tmp_path / DATABASE_NAME).write_bytes(content)
    before = {table: rows(tmp_path / DATABASE_NAME, table) for table in TABLES}
    told: list[str] = []
    assert repair(tmp_path, told.append) == []
    assert not [line for line in told if "damaged beyond use" in line]  # no row was given twice
    with StoreReader(tmp_path) as reader:
        cells_left = reader._rows("SELECT count(*) FROM cell")[0][0]
        fields = [field for session in reader.sessions() for field in reader.session_fields(session.id, True)]
    assert cells_left >= 3 * 6 * 34 - PAGE // 60  # a cell with 12 points takes more than 60 bytes
    if before["field"] is not None and before["field_class"] is not None:
        assert len(fields) == 18
        assert all(field.counts == EACH for field in fields)
        assert sum(sum(field.cells_lost.values()) for field in fields) == 3 * 6 * 34 - cells_left
    for table in ("slide", "field", "field_view", "note", "rejection", "cell"):
        whole = before[table]
        if whole is not None and before["session"] is not None and before["field"] is not None:
            after = rows(tmp_path / DATABASE_NAME, table)
            assert after is not None
            assert whole <= after, table


def test_a_record_without_its_list_of_tables_is_read_all_the_same(tmp_path: Path, sound: bytes) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(bytes(PAGE) + sound[PAGE:])
    with pytest.raises(StoreCorrupt, match="hemocam store repair"), StoreReader(tmp_path):
        pass
    assert [each.kind for each in check(tmp_path)] == [FindingKind.DAMAGED]
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        assert len(reader.sessions()) == 3
        for session in reader.sessions():
            assert reader.session_totals(session.id).cells == {kind: 5 * number for kind, number in EACH.items()}
            assert sum(len(reader.cells(field.id)) for field in reader.session_fields(session.id)) == 5 * 34


def test_fields_whose_own_page_is_lost_keep_their_counts_and_stay_undone(tmp_path: Path, sound: bytes) -> None:
    """A page of 4 kB holds some 18 fields; slide and number of each are in an index too."""
    (tmp_path / DATABASE_NAME).write_bytes(sound)
    with StoreReader(tmp_path) as reader:
        root = reader._rows("SELECT rootpage FROM sqlite_master WHERE name = 'field'")[0][0]
        before = [reader.session_totals(session.id) for session in reader.sessions()]
    content = bytearray(sound)
    assert content[(root - 1) * PAGE] == 0x0D
    content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    (tmp_path / DATABASE_NAME).write_bytes(content)
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        assert [reader.session_totals(session.id) for session in reader.sessions()] == before
        for session in reader.sessions():
            assert reader.undone(session.id) == 1
            assert "how it was taken is lost" in reader.events(session.id)[-1].text
            assert session.ledger.captured == 6


def test_a_damaged_old_record_is_rebuilt_and_brought_up_to_date(tmp_path: Path) -> None:
    version_one(tmp_path, fields=300)
    content = bytearray((tmp_path / DATABASE_NAME).read_bytes())
    at = max(at for at in range(0, len(content), PAGE) if content[at] == 0x0D)
    content[at : at + PAGE] = bytes(PAGE)
    (tmp_path / DATABASE_NAME).write_bytes(content)
    assert repair(tmp_path, lambda _: None) == []
    with StoreReader(tmp_path) as reader:
        session = reader.latest_session()
        assert session.ledger.captured == 302
        assert 200 < reader.session_totals(session.id).fields <= 300


def test_nothing_to_read_is_said_and_the_file_left(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(100_000)
    (tmp_path / DATABASE_NAME).write_bytes(noise)
    with pytest.raises(StoreCorrupt, match="restore a backup"):
        repair(tmp_path, lambda _: None)
    assert (tmp_path / DATABASE_NAME).read_bytes() == noise
    assert sorted(each.name for each in tmp_path.iterdir()) == ["hemocam.lock", DATABASE_NAME]


def test_a_repair_that_was_cut_off_before_the_swap_is_finished_by_who_comes_next(tmp_path: Path, sound: bytes) -> None:
    """The old log must not be played into the new database: with it, SQLite would."""
    recorded(tmp_path, sessions=1)
    with Store(tmp_path) as store:  # leaves a write-ahead log with rows in it
        store.begin_session(new_session(specimen="in the log"))
        log = (tmp_path / f"{DATABASE_NAME}-wal").read_bytes()
    (tmp_path / f"{DATABASE_NAME}-wal").write_bytes(log)
    (tmp_path / REBUILT_NAME).write_bytes(sound)
    with Store(tmp_path) as store:
        assert [session.specimen for session in store.sessions()] == ["S-2", "S-1", "S-0"]
    assert not (tmp_path / REBUILT_NAME).exists()
    assert check(tmp_path) == []


REPAIR = """
import sys
from pathlib import Path
from edge.record.repair.repairing import repair
print("here", flush=True)
repair(Path(sys.argv[1]), lambda line: None)
"""


@pytest.mark.parametrize("seed", range(4))
def test_kill_in_mid_repair(tmp_path: Path, sound: bytes, seed: int) -> None:
    content = bytearray(sound)
    at = max(at for at in range(0, len(content), PAGE) if content[at] == 0x0D)
    content[at : at + PAGE] = bytes(PAGE)
    for name in ("killed", "undisturbed"):
        (tmp_path / name).mkdir()
        (tmp_path / name / DATABASE_NAME).write_bytes(content)
    command = [sys.executable, "-c", REPAIR, str(tmp_path / "killed")]
    with subprocess.Popen(command, cwd=Path(__file__).parents[3], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        time.sleep(0.01 + seed * 0.03)
        process.send_signal(signal.SIGKILL)
    for name in ("killed", "undisturbed"):
        assert repair(tmp_path / name, lambda _: None) == []
    for table in ("field", "cell", "field_class", "note"):
        killed, undisturbed = (rows(tmp_path / name / DATABASE_NAME, table) for name in ("killed", "undisturbed"))
        assert killed == undisturbed
    assert not list((tmp_path / "killed").glob(".*.partial"))
    shutil.rmtree(tmp_path / "killed")
