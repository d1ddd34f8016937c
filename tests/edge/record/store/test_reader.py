from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from edge.record.store.errors import StoreCorrupt, StoreError, StoreNotFound
from edge.record.store.reader import DATABASE_NAME, StoreReader
from edge.record.store.records import LedgerRecord
from edge.record.store.store import Store
from tests.edge.record.store.samples import NOON, cells, new_field, new_session


def test_reading_never_makes_a_record(tmp_path: Path) -> None:
    with pytest.raises(StoreNotFound, match="holds no record"), StoreReader(tmp_path / "nowhere"):
        pass
    assert list(tmp_path.iterdir()) == []
    (tmp_path / DATABASE_NAME).touch()
    with pytest.raises(StoreNotFound, match="holds no record yet"), StoreReader(tmp_path):
        pass
    with Store(tmp_path) as store, pytest.raises(StoreNotFound, match="no session yet"):
        store.latest_session()


def test_reading_while_another_writes_sees_what_is_committed(tmp_path: Path) -> None:
    with Store(tmp_path) as store, StoreReader(tmp_path) as reader:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        store.commit_field(new_field(slide.id), cells({"rbc": 2}), LedgerRecord(counted=1))
        assert reader.totals(slide.id).cells["rbc"] == 2
        with reader.snapshot():
            assert reader.totals(slide.id).fields == 1
            store.commit_field(new_field(slide.id, 1), cells({"rbc": 3}), LedgerRecord(counted=2))
            assert reader.totals(slide.id).fields == 1
            assert reader.session(session.id).ledger.counted == 1
        assert reader.totals(slide.id).cells["rbc"] == 5


def test_a_reader_cannot_write(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        store.begin_session(new_session())
    with StoreReader(tmp_path) as reader, pytest.raises(StoreError, match="readonly"):
        reader._rows("DELETE FROM session")


@pytest.mark.parametrize("open_store", [Store, StoreReader])
def test_a_file_of_noise_is_refused_and_left_alone(tmp_path: Path, open_store: type[StoreReader]) -> None:
    (tmp_path / DATABASE_NAME).write_bytes(b"not a database at all, " * 99)
    with pytest.raises(StoreCorrupt, match=rf"{DATABASE_NAME}.*name another folder"), open_store(tmp_path):
        pass
    assert (tmp_path / DATABASE_NAME).read_bytes() == b"not a database at all, " * 99


def test_a_damaged_page_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
        slide = store.begin_slide(session.id, "", NOON)
        store.commit_field(new_field(slide.id), cells({"rbc": 900}), LedgerRecord(counted=1))
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes())
    half = 40 * 4096  # the pages of the schema lie before it
    content[half:] = b"\xa5" * (len(content) - half)
    path.write_bytes(content)
    with StoreReader(tmp_path) as reader, pytest.raises(StoreCorrupt, match=r"malformed.*hemocam store repair"):
        reader.cells(reader.session_fields(session.id)[0].id)


def test_a_value_that_no_hemocam_wrote_is_told(tmp_path: Path) -> None:
    with Store(tmp_path) as store:
        session = store.begin_session(new_session())
    connection = sqlite3.connect(tmp_path / DATABASE_NAME)
    connection.execute("UPDATE session SET started = 'yesterday'")
    connection.commit()
    connection.close()
    with StoreReader(tmp_path) as reader, pytest.raises(StoreCorrupt, match="yesterday"):
        reader.session(session.id)
