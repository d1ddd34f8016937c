"""The store's file, and the write-ahead log beside it that a killed program leaves."""

from __future__ import annotations

import io
import sqlite3
import struct
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import datetime, timezone
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from edge.record.repair.checking import check
from edge.record.repair.repairing import repair
from edge.record.store.errors import StoreError
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.reader import StoreReader
from edge.record.store.records import CELL_CLASSES, CellRecord, LedgerRecord, NewField, NewSession
from edge.record.store.schema import APPLICATION_ID
from edge.record.store.store import Store
from edge.reports.html import session_report
from edge.reports.tables import write_cells, write_fields
from tests.campaigns.fuzzing.mutation import mutate

DATABASE, LOG = "hemocam.sqlite", "hemocam.sqlite-wal"
_LENGTH = struct.Struct("<Q")
_NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc)
_PAGE = 4096
# What a value may be exchanged for by somebody who opens the file with another program.
_SQL_VALUES = (
    *("NULL", "''", "0", "-1", "1.5", "1e308", "-1e308", "9e999", "5e-324", "9223372036854775807", "4611686018427387904"),
    *("rowid", "rowid + 1", "zeroblob(100000)", "x'00ff'", "char(0)", "char(27)", "'x'", "'running'", "'rbc'", "'../../x.jpg'"),
    *("'[]'", "'{\"a\": 1}'", '\'{"a": "\\ud800"}\'', "'2026-99-99'", "'2026-11-20T12:00:00'", "'0001-01-01T00:00:00+14:00'"),
    "'{\"a\": ' || replace(hex(zeroblob(450)), '0', '[') || replace(hex(zeroblob(450)), '0', ']') || '}'",
)
_PICTURE = "images/fuzzed/1-000001.jpg"


class RecordTarget:
    """See the module. An input is the database's length in 8 bytes, the database, and the log behind it."""

    name = "store"
    share = 0.05
    refusals: tuple[type[Exception], ...] = (StoreError,)

    def seeds(self) -> list[bytes]:
        with TemporaryDirectory() as folder:
            path = Path(folder)
            with Store(path) as store:
                _session(store, fields=3, finish=True)
                _session(store, fields=2, finish=False)
                # The log is folded into the database when the last connection closes: here it is not yet.
                killed = _packed((path / DATABASE).read_bytes(), (path / LOG).read_bytes())
            return [_packed((path / DATABASE).read_bytes(), b""), _packed(_first_version(path / "v1.sqlite"), b""), killed]

    def mutated(self, random: Random, seeds: Sequence[bytes]) -> bytes:
        database, log = _unpacked(random.choice(seeds))
        if log and random.random() < 0.7:
            log = mutate(random, log, ())
        elif not log and random.random() < 0.5:
            database = _edited(random, database)
        else:
            database = _pages(random, database) if random.random() < 0.3 else mutate(random, database, ())
        return _packed(database, log)

    def attempt(self, content: bytes, folder: Path) -> None:
        database, log = _unpacked(content)
        (folder / DATABASE).write_bytes(database)
        if log:
            (folder / LOG).write_bytes(log)
        (folder / _PICTURE).parent.mkdir(parents=True)
        (folder / _PICTURE).write_bytes(_jpeg())
        refused = [error for step in (_read, check, _write, _mend) if (error := self._refusal(step, folder))]
        if refused:
            raise refused[0]

    def _refusal(self, step: Callable[[Path], object], folder: Path) -> Exception | None:
        try:
            step(folder)
        except self.refusals as error:
            return error
        return None


def _read(folder: Path) -> None:
    """All that a person may ask of a record."""
    with StoreReader(folder) as reader:
        for session in reader.sessions():
            session_report(reader, session.id).encode()
            write_fields(reader, session.id, io.StringIO())
            write_cells(reader, session.id, io.StringIO())
            reader.notes(session.id)
            reader.events(session.id)
            for slide in reader.slides(session.id):
                reader.views(slide.id)
                reader.recent_fields(slide.id)


def _write(folder: Path) -> None:
    with Store(folder) as store:
        _session(store, fields=1, finish=True)


def _mend(folder: Path) -> None:
    """After a repair that did not refuse, the record must be readable and in order."""
    left = [finding for finding in repair(folder, lambda text: None) if not finding.harmless]
    _read(folder)
    assert not left, f"repair left {left[:3]}"


def _session(store: Store, fields: int, finish: bool) -> None:
    session = store.begin_session(
        NewSession(
            started=_NOON, camera="fuzzed", simulated=True, model="field", model_sha256="ab" * 32, runtime="none",
            hemocam_version="0", hostname="bench", settings={"a": [1, None]},
        )
    )  # fmt: skip
    slide = store.begin_slide(session.id, "slide 1", _NOON)
    for index in range(fields):
        cells = [_cell(kind, 20.0 * n) for kind, number in (("rbc", 5), ("plt", 1)) for n in range(number)]
        field = NewField(
            slide_id=slide.id, sequence=index, wall_time=_NOON, monotonic_s=float(index), width_px=640, height_px=480,
            cell_diameter_px=40.0, cell_diameter_spread=0.1, cell_diameter_source="estimated", border_rule="all",
            methods=dict.fromkeys(CELL_CLASSES, "centres"), latency_ms=20.0, by_method={"rbc": {"hough": 4}}, view=b"view",
            um_per_px=0.2, image=_PICTURE if index == 0 else None,
        )  # fmt: skip
        store.commit_field(field, cells, LedgerRecord(counted=index + 1))
    ledger = LedgerRecord(counted=fields, rejected=1, rejections={"black": 1})
    store.update_ledger(session.id, ledger)
    store.add_note(session.id, "a note", _NOON)
    store.add_event(session.id, "clock", "set by a day", _NOON, 1.0, 86_400.0)
    if finish:
        store.finish_session(session.id, ledger, "stopped", _NOON)


def _first_version(path: Path) -> bytes:
    """A record of HemoCam 0.1, which is brought up to date when it is written to."""
    session = {
        "id": "20261120-120000-aaaa", "started": _NOON.isoformat(), "specimen": "", "operator": "", "note": "", "camera": "a",
        "simulated": 0, "model": "field", "model_sha256": "ab", "runtime": "none", "settings": "{}", "hemocam_version": "0.1.0",
        "hostname": "bench",
    }  # fmt: skip
    slide = {"session_id": session["id"], "number": 1, "name": "slide 1", "started": _NOON.isoformat()}
    with closing(sqlite3.connect(path)) as connection:
        for statement in MIGRATIONS[0]:
            connection.execute(statement)
        for table, row in (("session", session), ("slide", slide)):
            marks = ", ".join("?" * len(row))
            connection.execute(f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values()))
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        connection.execute("PRAGMA user_version = 1")
        connection.commit()
    return path.read_bytes()


@cache
def _jpeg() -> bytes:
    return bytes(cv2.imencode(".jpg", np.full((48, 64, 3), 200, np.uint8))[1])


def _cell(kind: str, x: float) -> CellRecord:
    outline = np.array([[x, 0.0], [x + 5, 0.0], [x, 5.0]], np.float32)
    return CellRecord(
        cell_class=kind, x=x, y=2.0, diameter_px=5.0, area_px=12.5, confidence=0.9, border=False, outline=outline
    )  # fmt: skip


def _packed(database: bytes, log: bytes) -> bytes:
    return _LENGTH.pack(len(database)) + database + log


def _unpacked(content: bytes) -> tuple[bytes, bytes]:
    (length,) = _LENGTH.unpack_from(content)
    return content[_LENGTH.size : _LENGTH.size + length], content[_LENGTH.size + length :]


def _pages(random: Random, database: bytes) -> bytes:
    """Whole pages exchanged, blanked or lost."""
    pages = [database[at : at + _PAGE] for at in range(0, len(database), _PAGE)]
    for _ in range(random.randint(1, 3)):
        one, other = random.randrange(len(pages)), random.randrange(len(pages))
        match random.randrange(4):
            case 0:
                pages[one], pages[other] = pages[other], pages[one]
            case 1:
                pages[one] = pages[other]
            case 2:
                pages[one] = bytes(len(pages[one]))
            case _ if len(pages) > 1:
                del pages[one]
    return b"".join(pages)


def _edited(random: Random, database: bytes) -> bytes:
    """A sound file with other contents: rows and tables changed by SQL, under no rule."""
    with TemporaryDirectory() as folder:
        path = Path(folder, DATABASE)
        path.write_bytes(database)
        with closing(sqlite3.connect(path, isolation_level=None)) as connection:
            connection.execute("PRAGMA foreign_keys = OFF")
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for _ in range(random.randint(1, 4)):
                try:
                    connection.execute(_statement(random, connection))
                except sqlite3.Error:
                    continue  # a rule that cannot be switched off, such as NOT NULL: the next change is tried
        return path.read_bytes()


def _statement(random: Random, connection: sqlite3.Connection) -> str:
    query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name"
    table = random.choice([name for (name,) in connection.execute(query)])
    column = random.choice([row[1] for row in connection.execute(f"PRAGMA table_info({table})")])
    value = random.choice(_SQL_VALUES)
    return random.choice(
        (
            *(f"UPDATE {table} SET {column} = {value}",) * 4,
            f"UPDATE {table} SET {column} = {value} WHERE rowid % 2",
            f"DELETE FROM {table}",
            f"DELETE FROM {table} WHERE rowid % 2",
            f"DROP TABLE {table}",
            f"ALTER TABLE {table} RENAME COLUMN {column} TO other",
            f"ALTER TABLE {table} ADD COLUMN more DEFAULT {value}",
            f"PRAGMA user_version = {random.choice((-1, 0, 1, 2, 3, 2**31 - 1))}",
            f"PRAGMA application_id = {random.choice((0, 1, -1))}",
        )
    )
