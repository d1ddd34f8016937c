"""Values that no HemoCam wrote: SQLite keeps any type in any column, and its check does not look at what a text says."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from edge.record.store.columns import RawText, made_by
from edge.record.store.migrations import MIGRATIONS

KEYS: Mapping[str, tuple[str, ...]] = {
    "session": ("number",),
    "rejection": ("session_id", "reason"),
    "slide": ("id",),
    "field": ("id",),
    "field_class": ("field_id", "cell_class"),
    "field_view": ("field_id",),
    "slide_class": ("slide_id", "cell_class"),
    "note": ("id",),
    "event": ("id",),
    "cell": ("id",),
}
# Millions of rows, or large ones: SQLite looks at them itself. A REAL column turns whole numbers into reals; infinity is
# beyond the largest.
_BAD_CELL = " OR ".join(
    (
        *(f"typeof({name}) != 'real' OR abs({name}) > 1.7e308" for name in ("x", "y", "diameter_px", "area_px", "confidence")),
        "typeof(diameter_um) NOT IN ('real', 'null') OR abs(diameter_um) > 1.7e308",
        "typeof(type_probability) NOT IN ('real', 'null') OR abs(type_probability) > 1.7e308",
        "typeof(type) NOT IN ('text', 'null')",
        "typeof(outline) != 'blob' OR length(outline) % 8 != 0",
        "border NOT IN (0, 1) OR typeof(border) != 'integer' OR typeof(field_id) != 'integer' OR typeof(cell_class) != 'text'",
    )
)
_BY_SQL = {"cell": _BAD_CELL, "field_view": "typeof(view) != 'blob' OR typeof(field_id) != 'integer'"}


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A value that cannot be read; `key` finds its row, `neutral` may stand in its place (None: the row is to go)."""

    table: str
    key: Mapping[str, object]
    column: str
    said: str
    neutral: object = None
    nullable: bool = False


def unreadable(connection: sqlite3.Connection) -> Iterator[Unreadable]:
    """All values of the record that cannot be read. Raises sqlite3.Error where its pages cannot."""
    before, connection.text_factory = connection.text_factory, RawText
    try:
        for table, columns in made_by(MIGRATIONS).items():
            keys = KEYS[table]
            names = ", ".join((*keys, *(each.name for each in columns)))
            if table in _BY_SQL:
                for row in connection.execute(f"SELECT {keys[0]} FROM {table} WHERE {_BY_SQL[table]}").fetchall():
                    yield Unreadable(table, {keys[0]: row[0]}, "", "has a value that is none")
                continue
            for row in connection.execute(f"SELECT {names} FROM {table}").fetchall():
                key = dict(zip(keys, row, strict=False))
                for column, value in zip(columns, tuple(row)[len(keys) :], strict=True):
                    if said := column.problem(value):
                        yield Unreadable(table, key, column.name, said, column.neutral, column.nullable)
    finally:
        connection.text_factory = before
