"""Whether a record is in order: its pages, its numbers, and the pictures beside it. Changes nothing."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

from edge.record.repair.findings import Finding, FindingKind
from edge.record.repair.rules import broken_rules
from edge.record.repair.values import unreadable
from edge.record.store.database import DATABASE_NAME, connect_read_only
from edge.record.store.errors import StoreCorrupt, StoreNotFound, sqlite_errors
from edge.record.store.integrity import damage
from edge.record.store.pictures import IMAGES, SNAPSHOTS, PictureKind, is_cut_off, partials, pictures
from edge.record.store.running import is_running, stale_locks
from edge.record.store.schema import SCHEMA_VERSION, misshapen, version_of


def check(folder: Path) -> list[Finding]:
    """All that is wrong with the record in `folder`, also while others write it. It reads everything: some minutes a GB
    from a slow disk. Raises StoreNotFound, StoreTooNew or StoreBusy; damage is a finding."""
    database = folder / DATABASE_NAME
    found = list(_pictures_cut_off(folder))
    listed = [each.name for each in pictures(folder) if each.kind is PictureKind.FIELD]
    try:
        connection = connect_read_only(database)
        try:
            with sqlite_errors(database):
                found += database_findings(connection, database)
                found += picture_findings(connection, folder, listed)
        finally:
            connection.close()
    except StoreCorrupt as error:
        found.insert(0, Finding(FindingKind.DAMAGED, str(database), str(error)))
    found += [Finding(FindingKind.HALF_WRITTEN, str(each), "left by a process that was killed") for each in partials(folder)]
    found += [Finding(FindingKind.STALE_LOCK, str(each), "left by a process that was killed") for each in stale_locks(folder)]
    return found


def database_findings(connection: sqlite3.Connection, database: Path) -> list[Finding]:
    """What is wrong inside the database. Raises sqlite3.Error, or StoreError as the schema's version says."""
    version = version_of(connection, database)
    if version == 0:
        raise StoreNotFound(f"{database} holds no record yet; begin one with `hemocam log` or `hemocam live`")
    if said := misshapen(connection, version):
        return [Finding(FindingKind.DAMAGED, str(database), said)]
    found = [Finding(FindingKind.DAMAGED, str(database), each) for each in damage(connection)]
    if version < SCHEMA_VERSION:
        text = f"its schema is {version}, this program's {SCHEMA_VERSION}; the next session or a repair brings it up to date"
        return [*found, Finding(FindingKind.OLD_SCHEMA, str(database), text)]
    connection.execute("BEGIN")  # all numbers of one instant
    try:
        for each in unreadable(connection):
            where = ", ".join(f"{name} {value!r}" for name, value in each.key.items())
            found.append(Finding(FindingKind.UNREADABLE, f"{each.table} {where}", f"{each.column} {each.said}".strip()))
        found += broken_rules(connection)
    finally:
        connection.execute("ROLLBACK")
    return found


def picture_findings(connection: sqlite3.Connection, folder: Path, listed: list[str]) -> Iterator[Finding]:
    """Field pictures that are named and not there, there and not named (of `listed`, read before the record), or cut off.

    A running session's unnamed pictures are on the way into the record, and no finding.
    """
    columns = {row["name"] for row in connection.execute("PRAGMA table_info(field)")}
    dropped = "image_dropped" if "image_dropped" in columns else "NULL"
    rows = connection.execute(f"SELECT id, image, {dropped} AS dropped FROM field WHERE image IS NOT NULL").fetchall()
    named = {row["image"] for row in rows}
    for row in rows:
        there = _is_file(folder, row["image"])
        if row["dropped"] is not None:
            if there:
                text = f"field {row['id']} says that it was dropped to make room"
                yield Finding(FindingKind.UNDROPPED_PICTURE, str(row["image"]), text)
        elif not there:
            # It may have been dropped since: ask again before saying so.
            now = connection.execute(f"SELECT {dropped} FROM field WHERE id = ?", (row["id"],)).fetchone()
            if now is not None and now[0] is None:
                yield Finding(FindingKind.MISSING_PICTURE, str(row["image"]), f"field {row['id']} names it")
    for name in listed:
        if name not in named and not is_running(folder, Path(name).parts[1]) and (folder / name).exists():
            yield Finding(FindingKind.ORPHAN_PICTURE, name, "no field names it: its commit was cut off")


def _is_file(folder: Path, name: object) -> bool:
    try:
        return (folder / str(name)).is_file()
    except (OSError, ValueError):  # a damaged name: too long, or with a NUL in it
        return False


def _pictures_cut_off(folder: Path) -> Iterator[Finding]:
    for top in (IMAGES, SNAPSHOTS):
        for each in pictures(folder, top):
            path = folder / each.name
            if path.suffix in (".jpg", ".png") and is_cut_off(path):
                yield Finding(FindingKind.DAMAGED_PICTURE, each.name, "does not begin and end as a picture does")
