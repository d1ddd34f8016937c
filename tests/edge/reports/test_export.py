from __future__ import annotations

import builtins
import csv
from pathlib import Path

import pytest

from edge.record.store.reader import StoreReader
from edge.reports.export import TableFormat, export
from edge.reports.parquet import ParquetMissing
from tests.edge.record.store.samples import EACH, recorded

SESSIONS, FIELDS = 2, 4


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    recorded(tmp_path / "store", SESSIONS, FIELDS)
    return tmp_path / "store"


def written(folder: Path, into: Path, table_format: TableFormat, including_undone: bool = False) -> list[Path]:
    with StoreReader(folder) as reader:
        sessions = [session.id for session in reader.sessions()[::-1]]
        return export(reader, sessions, into, table_format, including_undone)


def read(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def test_csv_has_all_sessions_and_leaves_undone_fields_out(folder: Path, tmp_path: Path) -> None:
    written(folder, tmp_path / "out", TableFormat.CSV)
    tables = {path.stem: read(path) for path in (tmp_path / "out").iterdir()}
    assert {name: len(rows) for name, rows in tables.items()} == {
        "sessions": SESSIONS,
        "fields": SESSIONS * (FIELDS - 1),
        "cells": SESSIONS * (FIELDS - 1) * sum(EACH.values()),
        "notes": SESSIONS,
        "events": SESSIONS,
    }
    assert [row["simulated"] for row in tables["sessions"]] == ["0", "1"]
    first = tables["sessions"][0]
    assert (first["fields"], first["fields_undone"], first["rbc"], first["captured"]) == ("3", "1", "90", "4")
    assert {row["undone"] for row in tables["fields"]} == {""}
    assert {row["engine"] for row in tables["fields"]} == {"cpu"}
    assert [(row["text"], row["slide"], row["field"]) for row in tables["notes"]] == [("a note", "1", "3")] * 2
    assert [(row["kind"], row["jump_s"], row["after_field"]) for row in tables["events"]] == [("clock", "86400.0", "1.4")] * 2


def test_undone_fields_come_along_marked_where_asked_for(folder: Path, tmp_path: Path) -> None:
    written(folder, tmp_path, TableFormat.CSV, including_undone=True)
    fields = read(tmp_path / "fields.csv")
    assert len(fields) == SESSIONS * FIELDS
    assert [row["field"] for row in fields if row["undone"]] == ["4"] * SESSIONS


def test_parquet_says_the_same_with_types_and_outlines(folder: Path, tmp_path: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet", reason="pip install 'hemocam[parquet]'")
    written(folder, tmp_path, TableFormat.PARQUET)
    written(folder, tmp_path, TableFormat.CSV)
    for name in ("sessions", "fields", "cells", "notes", "events"):
        as_csv, as_parquet = read(tmp_path / f"{name}.csv"), pq.read_table(tmp_path / f"{name}.parquet").to_pylist()
        assert len(as_csv) == len(as_parquet)
        for texts, values in zip(as_csv, as_parquet, strict=True):
            for column, text in texts.items():
                value = values[column]
                said = value.isoformat() if hasattr(value, "isoformat") else int(value) if isinstance(value, bool) else value
                said = round(said, 6) if isinstance(said, float) else said
                assert ("" if said is None else str(said)) == text, (name, column)
    outline = pq.read_table(tmp_path / "cells.parquet").to_pylist()[0]
    assert len(outline["outline_x"]) == len(outline["outline_y"]) == 12
    schema = {field.name: str(field.type) for field in pq.read_schema(tmp_path / "fields.parquet")}
    assert (schema["wall_time"], schema["rbc"], schema["focus"]) == ("timestamp[us, tz=UTC]", "int64", "double")


def test_without_pyarrow_it_says_what_to_install(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def no_pyarrow(name: str, *rest: object) -> object:
        if name.startswith("pyarrow"):
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]

    monkeypatch.setattr(builtins, "__import__", no_pyarrow)
    with pytest.raises(ParquetMissing, match=r"pip install 'hemocam\[parquet\]'"):
        written(folder, tmp_path / "out", TableFormat.PARQUET)
    assert list((tmp_path / "out").iterdir()) == []
