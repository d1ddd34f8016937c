"""What must hold between the record's tables, each as the query that finds where it does not."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

from edge.record.repair.findings import Finding, FindingKind

# (table, what cannot be, what a repair sets). They are the tables' CHECKs: SQLite holds those, but does not look at them
# where a file is opened for reading. A session that may have been simulated counts as simulated.
CANNOT_BE = (
    *(("session", f"{name} < 0", f"{name} = 0") for name in ("counted", "duplicate", "rejected", "dropped", "failed")),
    ("session", "simulated NOT IN (0, 1)", "simulated = 1"),
    ("session", "clock_trusted NOT IN (0, 1)", "clock_trusted = NULL"),
    ("session", "finished IS NULL AND finish_reason IS NOT NULL", "finish_reason = NULL"),
    ("session", "finished IS NOT NULL AND finish_reason IS NULL", "finish_reason = 'unknown'"),
    ("rejection", "frames < 0", "frames = 0"),
    ("slide", "counted < 0", "counted = 0"),
    ("field", "clock_trusted NOT IN (0, 1)", "clock_trusted = NULL"),
    ("field_class", "counted < 0", "counted = 0"),
    ("field_class", "lost < 0", "lost = 0"),
)
_STANDING = """SELECT session.id AS id, session.counted AS told, count(field.id) AS found FROM session
    LEFT JOIN slide ON slide.session_id = session.id LEFT JOIN field ON field.slide_id = slide.id AND field.undone IS NULL
    GROUP BY session.number HAVING told != found"""
_REASONS = """SELECT session.id AS id, rejected AS told, coalesce(sum(frames), 0) AS found FROM session
    LEFT JOIN rejection ON session_id = session.id GROUP BY session.number HAVING told != found"""
_SLIDES = """SELECT session_id AS id, slide.number AS number, slide.counted AS told,
    (SELECT count(*) FROM field WHERE slide_id = slide.id AND undone IS NULL) AS found FROM slide WHERE told != found"""
_SLIDE_CLASSES = """SELECT session_id AS id, slide.number AS number, each.cell_class AS cell_class, told, found FROM (
    SELECT slide_id, cell_class, sum(told) AS told, sum(found) AS found FROM (
        SELECT slide_id, cell_class, counted AS told, 0 AS found, fields FROM slide_class
        UNION ALL SELECT slide_id, cell_class, 0, counted, -1 FROM field_class JOIN field ON field.id = field_id
            WHERE undone IS NULL)
        GROUP BY slide_id, cell_class HAVING sum(told) != sum(found) OR sum(fields) != 0) AS each
    JOIN slide ON slide.id = slide_id"""
_CELLS = """SELECT session_id AS id, field_class.field_id AS field_id, field_class.cell_class AS cell_class,
    field_class.counted AS told, field_class.lost AS lost, count(cell.id) AS found FROM field_class
    JOIN field ON field.id = field_class.field_id JOIN slide ON slide.id = slide_id
    LEFT JOIN cell ON cell.field_id = field_class.field_id AND cell.cell_class = field_class.cell_class
    GROUP BY field_class.field_id, field_class.cell_class HAVING told != found + field_class.lost"""


def broken_rules(connection: sqlite3.Connection) -> Iterator[Finding]:
    """Numbers that cannot be, ledgers, totals and counts that do not add up. Raises sqlite3.Error."""
    for table, wrong, _ in CANNOT_BE:
        if rows := connection.execute(f"SELECT count(*) FROM {table} WHERE {wrong}").fetchone()[0]:
            yield Finding(FindingKind.UNREADABLE, table, f"{rows} rows have {wrong}")
    for row in connection.execute(_STANDING):
        text = f"its ledger says {row['told']} frames were counted, but it has {row['found']} fields"
        yield Finding(FindingKind.LEDGER, f"session {row['id']}", text)
    for row in connection.execute(_REASONS):
        text = f"{row['told']} frames were rejected, but the reasons add up to {row['found']}"
        yield Finding(FindingKind.LEDGER, f"session {row['id']}", text)
    for row in connection.execute(_SLIDES):
        text = f"slide {row['number']} is said to have {row['told']} fields and has {row['found']}"
        yield Finding(FindingKind.COUNTS, f"session {row['id']}", text)
    for row in connection.execute(_SLIDE_CLASSES):
        text = f"slide {row['number']} is said to have {row['told']} {row['cell_class']}, its fields {row['found']}"
        yield Finding(FindingKind.COUNTS, f"session {row['id']}", text)
    for row in connection.execute(_CELLS):
        text = f"field {row['field_id']} is said to have {row['told']} {row['cell_class']}, of which {row['found']} are there"
        yield Finding(FindingKind.COUNTS, f"session {row['id']}", text)
