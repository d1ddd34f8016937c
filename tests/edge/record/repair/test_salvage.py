"""How much is tried to read a table that is gone."""

from __future__ import annotations

import sqlite3
from pathlib import Path

from edge.record.repair.salvage import salvage
from edge.record.store.database import DATABASE_NAME
from tests.edge.record.store.samples import recorded

PAGE = 4096


def test_a_table_whose_first_page_is_lost_is_soon_given_up(tmp_path: Path) -> None:
    recorded(tmp_path, sessions=3, fields=6)
    path = tmp_path / DATABASE_NAME
    content = bytearray(path.read_bytes()) + bytes(PAGE * 2000)  # 8 MB: room for a million keys, by the file's length
    content[28:32] = (len(content) // PAGE).to_bytes(4, "big")
    path.write_bytes(content)
    connection = sqlite3.connect(path)
    roots = dict(connection.execute("SELECT name, rootpage FROM sqlite_master WHERE name IN ('cell', 'cell_of_field')"))
    connection.close()
    for root in roots.values():
        content[(root - 1) * PAGE : root * PAGE] = bytes(PAGE)
    path.write_bytes(content)
    asked: list[str] = []
    damaged_one = sqlite3.connect(path)
    damaged_one.set_trace_callback(lambda said: asked.append(said) if " FROM cell " in said else None)
    rebuilt = sqlite3.connect(":memory:", isolation_level=None)
    said = salvage(damaged_one, 2, rebuilt, path)
    rebuilt.close()
    damaged_one.close()
    assert len(asked) < 3000
    assert said.unreadable == {"cell"}
    assert said.rows["field"] == 18
