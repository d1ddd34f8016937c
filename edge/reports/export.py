"""The whole record as tables in a folder, for other programs: sessions, fields, cells, notes and events."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from pathlib import Path

from edge.record.store.errors import file_errors
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionRecord
from edge.reports import tables
from edge.reports.parquet import write_parquet
from edge.reports.tables import Row
from engines.whole_file import whole_file


class TableFormat(str, Enum):
    """CSV opens everywhere; Parquet keeps types and outlines and takes about a tenth of the space."""

    CSV = "csv"
    PARQUET = "parquet"


@dataclass(frozen=True, slots=True)
class Table:
    """A table to write. `rows` gives one session's."""

    name: str
    columns: Sequence[str]
    rows: Callable[[StoreReader, SessionRecord], Iterator[Row]]


def export(
    store: StoreReader, sessions: Sequence[str], folder: Path, table_format: TableFormat, including_undone: bool = False
) -> list[Path]:
    """Write the sessions' tables into `folder`, all of one instant, and return their files, each whole or not there.

    Raises StoreError, and ParquetMissing where pyarrow is not installed.
    """
    written = []
    with store.snapshot():
        chosen = [store.session(session_id) for session_id in sessions]
        for table in _tables(including_undone, outlines=table_format is TableFormat.PARQUET):
            path = folder / f"{table.name}.{table_format.value}"
            with _whole(path) as partial:
                if table_format is TableFormat.CSV:
                    _write_csv(partial, table, store, chosen)
                else:
                    write_parquet(partial, table.columns, (row for each in chosen for row in table.rows(store, each)))
            written.append(path)
    return written


def _tables(including_undone: bool, outlines: bool) -> list[Table]:
    cells = (*tables.CELL_COLUMNS, "outline_x", "outline_y") if outlines else tables.CELL_COLUMNS
    return [
        Table("sessions", tables.SESSION_COLUMNS, lambda store, each: iter([tables.session_row(store, each)])),
        Table("fields", tables.FIELD_COLUMNS, lambda store, each: tables.field_rows(store, each, including_undone)),
        Table("cells", cells, lambda store, each: tables.cell_rows(store, each, including_undone, outlines)),
        Table("notes", tables.NOTE_COLUMNS, tables.note_rows),
        Table("events", tables.EVENT_COLUMNS, tables.event_rows),
    ]


def _write_csv(path: Path, table: Table, store: StoreReader, sessions: Sequence[SessionRecord]) -> None:
    with path.open("w", newline="", encoding="utf-8") as stream:
        tables.write_rows(stream, table.columns, (row for each in sessions for row in table.rows(store, each)))


@contextmanager
def _whole(path: Path) -> Iterator[Path]:
    """As `whole_file`, in a folder that may have to be made. Raises StoreError."""
    with file_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as partial:
            yield partial
