"""The record's columns, as the migrations make them, and the one way from a row's values to what they mean.

SQLite keeps any type in any column and does not look at what a text says. Who reads the record and who checks it both ask
here, so that what a check lets pass can be read. (STRICT tables hold types where they are written, not where a damaged
file is read, say nothing about times or JSON, and shut out SQLite before 3.37.)
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from edge.record.store.meanings import FINITE, MEANINGS, Meaning
from edge.record.store.migrations import MIGRATIONS

_TYPES: Mapping[str, type] = {"INTEGER": int, "REAL": float, "TEXT": str, "BLOB": bytes}
_NEUTRAL: Mapping[str, object] = {"INTEGER": 0, "REAL": 0.0, "TEXT": "", "BLOB": b""}


class RawText(bytes):
    """A text as it lies in the file, perhaps no UTF-8: SQLite's text factory where damage is looked for."""


@dataclass(frozen=True, slots=True)
class Column:
    """`nullable` where it may be empty; `key` is its place in the primary key, 0 where it is not in it."""

    table: str
    name: str
    declared: str
    nullable: bool
    key: int

    def holds(self, kind: type) -> bool:
        """Whether a value of this type may be here."""
        return kind is _TYPES[self.declared] or (self.nullable and kind is type(None))

    @property
    def meaning(self) -> Meaning | None:
        # Cells are a thousand times as many as fields, and `CellRecord` looks at its numbers itself.
        of_reals = FINITE if self.declared == "REAL" and self.table != "cell" else None
        return MEANINGS.get((self.table, self.name), of_reals)

    @property
    def neutral(self) -> object:
        """What may stand here where the value cannot be read."""
        if self.nullable:
            return None
        return _NEUTRAL[self.declared] if self.meaning is None else self.meaning.neutral

    def problem(self, value: object) -> str:
        """What is wrong with the value, as SQLite gave it (texts as RawText); "" where nothing is."""
        if value is None:
            return "" if self.nullable else "is empty"
        if not self.holds(str if isinstance(value, RawText) else type(value)):
            return f"is {value!a:.40}"
        try:
            value = value.decode("utf-8") if isinstance(value, RawText) else value
            if self.meaning is not None:
                self.meaning.read(value)
        except (ValueError, TypeError, RecursionError):
            return f"is {value!a:.60}"
        return ""


Tables = Mapping[str, tuple[Column, ...]]


def described(connection: sqlite3.Connection, tables: Iterable[str]) -> Tables:
    """The columns of these tables, none of one that is missing. Raises sqlite3.Error."""
    return {
        table: tuple(
            Column(table, name, kind, nullable=not needed and not key, key=key)
            for _, name, kind, needed, _, key in map(tuple, connection.execute(f"PRAGMA table_info({table})"))
        )
        for table in tables
    }


@lru_cache
def made_by(steps: tuple[tuple[str, ...], ...]) -> Tables:
    """The tables as these migrations make them."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        for step in steps:
            for statement in step:
                connection.execute(statement)
        names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return described(connection, names)


@lru_cache
def _misfit(table: str, kinds: tuple[type, ...]) -> str:
    """The first column that may not hold its value's type; "" where all may. A record's rows are of few kinds."""
    columns = made_by(MIGRATIONS)[table]
    if len(columns) != len(kinds):
        return f"{table} has {len(kinds)} columns"
    wrong = ((each, kind) for each, kind in zip(columns, kinds, strict=True) if not each.holds(kind))
    return next((f"{table}.{each.name} is {kind.__name__}" for each, kind in wrong), "")


@lru_cache
def _layout(table: str) -> tuple[list[str], list[tuple[str, Meaning]]]:
    columns = made_by(MIGRATIONS)[table]
    return [each.name for each in columns], [(each.name, each.meaning) for each in columns if each.meaning is not None]


def meant(table: str, row: Iterable[object]) -> dict[str, Any]:
    """A whole row's values by column, as what they mean: times as datetimes, JSON as mappings, 0 and 1 as no and yes.

    Raises ValueError, TypeError or RecursionError where one is nothing that a HemoCam wrote.
    """
    values = tuple(row)
    if said := _misfit(table, tuple(map(type, values))):
        raise ValueError(said)
    names, meanings = _layout(table)
    by_name: dict[str, Any] = dict(zip(names, values, strict=True))
    for name, meaning in meanings:
        if by_name[name] is not None:
            by_name[name] = meaning.read(by_name[name])
    return by_name
