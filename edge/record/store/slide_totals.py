"""A slide's totals, kept in the transaction that changes them, so that a commit costs the same on the 100,000th field."""

from __future__ import annotations

import sqlite3


def add_to_slide(connection: sqlite3.Connection, field_id: int) -> None:
    """Take a field that was just inserted into its slide's totals."""
    connection.execute(
        "UPDATE slide SET counted = counted + 1 WHERE id = (SELECT slide_id FROM field WHERE id = ?)", (field_id,)
    )
    connection.execute(
        "INSERT INTO slide_class SELECT slide_id, cell_class, 1, counted FROM field_class JOIN field ON field.id = field_id"
        " WHERE field_id = ? ON CONFLICT (slide_id, cell_class)"
        " DO UPDATE SET fields = fields + 1, counted = counted + excluded.counted",
        (field_id,),
    )


def take_from_slide(connection: sqlite3.Connection, field_id: int) -> None:
    """Take a field that is about to be undone out of its slide's totals."""
    connection.execute(
        "UPDATE slide SET counted = counted - 1 WHERE id = (SELECT slide_id FROM field WHERE id = ?)", (field_id,)
    )
    connection.execute(
        "UPDATE slide_class SET fields = fields - 1, counted = counted -"
        " (SELECT counted FROM field_class WHERE field_id = ?1 AND field_class.cell_class = slide_class.cell_class)"
        " WHERE slide_id = (SELECT slide_id FROM field WHERE id = ?1)"
        " AND cell_class IN (SELECT cell_class FROM field_class WHERE field_id = ?1)",
        (field_id,),
    )


def rebuild_slides(connection: sqlite3.Connection) -> None:
    """Work out every slide's totals anew from its fields."""
    connection.execute("UPDATE slide SET counted = (SELECT count(*) FROM field WHERE slide_id = slide.id AND undone IS NULL)")
    connection.execute("DELETE FROM slide_class")
    connection.execute(
        "INSERT INTO slide_class SELECT slide_id, cell_class, sum(undone IS NULL),"
        " sum(CASE WHEN undone IS NULL THEN counted ELSE 0 END)"
        " FROM field_class JOIN field ON field.id = field_id GROUP BY slide_id, cell_class"
    )
