"""Reading what can still be read of a damaged database into a new one."""

from __future__ import annotations

import logging
import sqlite3
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from edge.record.store.errors import StoreCorrupt
from edge.record.store.migrations import MIGRATIONS
from edge.record.store.schema import APPLICATION_ID, migrate

# By which whole-number column each table's b-tree is ordered. slide_class is worked out anew.
_ORDERED_BY = {
    "session": "number", "slide": "id", "field": "id", "field_class": "field_id", "field_view": "field_id",
    "cell": "id", "note": "id", "event": "id",
}  # fmt: skip
_LAST_FIELD = "SELECT max(id) FROM field INDEXED BY sqlite_autoindex_field_1"
_LAST_BY_INDEX = {
    "session": "SELECT max(number) FROM session INDEXED BY sqlite_autoindex_session_1",
    "slide": "SELECT max(id) FROM slide INDEXED BY sqlite_autoindex_slide_1",
    **dict.fromkeys(("field", "field_class", "field_view"), _LAST_FIELD),
    "cell": "SELECT max(id) FROM cell INDEXED BY cell_of_field",
    "note": "SELECT max(id) FROM note INDEXED BY note_of_session",
    "event": "SELECT max(id) FROM event INDEXED BY event_of_session",
}
LOST, LOST_TIME = "lost", "1970-01-01T00:00:00.000000+00:00"
_LAST_KEY = 2**31
# A damaged length asks for any amount of memory, and damaged bytes in SQLite's message cannot be decoded.
_UNREADABLE = (sqlite3.DatabaseError, MemoryError, OverflowError, UnicodeDecodeError)
_MOST_FAILURES = 100_000
"""Some seconds of trying in one table: each bad page of 10 rows in 1,000,000 costs about 40 failures."""
_HOPELESS = 2048
"""Failures in a table of which nothing was readable, tried evenly over its keys: its root or all of its pages are bad."""
log = logging.getLogger(__name__)


@dataclass(slots=True)
class Salvaged:
    """Rows that were read by table, and those that were refused by the new database (damaged, or there twice)."""

    rows: dict[str, int] = field(default_factory=dict)
    refused: dict[str, int] = field(default_factory=dict)
    unreadable: set[str] = field(default_factory=set)


def salvage(damaged: sqlite3.Connection, version: int, rebuilt: sqlite3.Connection, path: Path) -> Salvaged:
    """Fill the empty database `rebuilt` (at `path`) with what can be read of `damaged`, and bring it up to date.

    Foreign keys are not looked at: `mend` does that. Raises StoreCorrupt where not one session can be read.
    """
    said = Salvaged()
    damaged.text_factory = lambda raw: raw.decode("utf-8", "replace")
    for step in MIGRATIONS[:version]:
        for statement in step:
            rebuilt.execute(statement)
    rebuilt.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    rebuilt.execute(f"PRAGMA user_version = {version}")
    rebuilt.execute("PRAGMA ignore_check_constraints = ON")  # numbers that cannot be are `mend`'s to set right
    rebuilt.execute("BEGIN")
    there = {row[0] for row in rebuilt.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    for table, key in _ORDERED_BY.items():
        if table in there:
            columns = [row[1] for row in rebuilt.execute(f"PRAGMA table_info({table})")]
            _copy(_by_key(damaged, table, key, columns, said), table, columns, rebuilt, said)
    _fields_by_index(damaged, rebuilt)
    sessions = [row[0] for row in rebuilt.execute("SELECT id FROM session")]
    columns = ["session_id", "reason", "frames"]
    _copy(_rejections(damaged, sessions, said), "rejection", columns, rebuilt, said)
    rebuilt.execute("COMMIT")
    if not sum(said.rows.values()):
        raise StoreCorrupt(f"{path.parent}: nothing of the damaged record can be read; restore a backup")
    migrate(rebuilt, path, keep_backup=_no_backup)
    return said


def _no_backup(database: Path, version: int) -> None:
    """The damaged record itself is kept."""


def _copy(
    rows: Iterator[tuple[object, ...]], table: str, columns: list[str], rebuilt: sqlite3.Connection, said: Salvaged
) -> None:
    statement = f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"
    for row in rows:
        # What must not be empty and is, is unreadable: as "" it is found and replaced by `mend`, and the rest of its row kept.
        for values in (row, tuple("" if value is None else value for value in row)):
            try:
                rebuilt.execute(statement, values)
            except sqlite3.IntegrityError:
                continue
            said.rows[table] = said.rows.get(table, 0) + 1
            break
        else:
            said.refused[table] = said.refused.get(table, 0) + 1


def _fields_by_index(damaged: sqlite3.Connection, rebuilt: sqlite3.Connection) -> None:
    """A field whose row is lost may still be named by the index, with its slide and number: what was counted in it then
    has a place again. How it was taken is lost; `LOST` says so."""
    values = (LOST_TIME, LOST, LOST)
    try:
        for row in damaged.execute("SELECT id, slide_id, number FROM field INDEXED BY sqlite_autoindex_field_1"):
            rebuilt.execute(
                "INSERT OR IGNORE INTO field (id, slide_id, number, sequence, wall_time, monotonic_s, width_px, height_px,"
                " cell_diameter_px, cell_diameter_spread, cell_diameter_source, border_rule, latency_ms)"
                " VALUES (?, ?, ?, 0, ?, 0.0, 0, 0, 0.0, 0.0, ?, ?, 0.0)",
                (*tuple(row), *values),
            )
    except _UNREADABLE as error:
        log.warning("not all lost fields can be named: %s", error)


def _by_key(
    damaged: sqlite3.Connection, table: str, key: str, columns: list[str], said: Salvaged
) -> Iterator[tuple[object, ...]]:
    """Its rows. Where reading fails, the range of keys that is left is halved until the bad rows stand alone, the widest
    ranges first."""
    sources = _sources(damaged, table, columns)
    key = sources[columns.index(key)]
    query = f"SELECT {key}, {', '.join(sources)} FROM {table} NOT INDEXED WHERE {key} BETWEEN ? AND ? ORDER BY {key}"
    try:
        damaged.execute(f"EXPLAIN {query}", (0, 0)).fetchall()
    except _UNREADABLE:  # no such table, or not as we know it: no range of keys would be read
        said.unreadable.add(table)
        return
    failures, worked = 0, False
    ranges: deque[tuple[int, int, set[tuple[object, ...]]]] = deque([(0, _last_key(damaged, table, key), set())])
    while ranges and failures < (_MOST_FAILURES if worked else _HOPELESS):
        low, high, seen = ranges.popleft()  # what was given of key `low` before the failure, to be given once
        try:
            for row in damaged.execute(query, (low, high)):
                # A damaged pointer may lead to a page of other rows: they are not where they should be.
                if not isinstance(row[0], int) or not low <= row[0] <= high:
                    raise sqlite3.DatabaseError("a row out of its place")
                if row[0] > low:
                    low, seen = row[0], set()
                if (values := tuple(row)[1:]) not in seen:
                    seen.add(values)
                    yield values
            worked = True
        except _UNREADABLE:
            failures += 1
            said.unreadable.add(table)
            if low < high:
                middle = (low + high) // 2
                ranges += [(low, middle, seen), (middle + 1, high, set())]


def _sources(damaged: sqlite3.Connection, table: str, columns: list[str]) -> list[str]:
    """What to ask the damaged table for: the columns by their names, by their places where a name is damaged (columns are
    added at the end), NULL for one that is not there."""
    try:
        there = [str(row[1]) for row in damaged.execute(f"PRAGMA table_info({table})")]
    except _UNREADABLE:
        return columns
    if len(there) >= len(columns) and not set(columns) <= set(there):
        return ['"{}"'.format(name.replace('"', '""')) for name in there[: len(columns)]]
    return [name if name in there else "NULL" for name in columns]


def _last_key(damaged: sqlite3.Connection, table: str, key: str) -> int:
    """From the table, or an index that has its keys: either may be damaged. Where both are: keys are given one after the
    other from 1, so that there are no more than rows of 8 bytes would fit in the file."""
    for query in (f"SELECT max({key}) FROM {table} NOT INDEXED", _LAST_BY_INDEX[table]):
        try:
            last = damaged.execute(query).fetchone()[0]
        except _UNREADABLE:
            continue
        if last is None or (isinstance(last, int) and last > 0):
            return min(last or 0, _LAST_KEY)
    bytes_there = [int(damaged.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "page_size")]
    return bytes_there[0] * bytes_there[1] // 8


def _rejections(damaged: sqlite3.Connection, sessions: list[str], said: Salvaged) -> Iterator[tuple[object, ...]]:
    for session_id in sessions:
        try:
            rows = damaged.execute("SELECT session_id, reason, frames FROM rejection WHERE session_id = ?", (session_id,))
            yield from [tuple(row) for row in rows]
        except _UNREADABLE:
            said.unreadable.add("rejection")
