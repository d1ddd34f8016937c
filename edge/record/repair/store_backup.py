"""A second record of the same: the database and its pictures, also while others write."""

from __future__ import annotations

import os
import shutil
from enum import Enum
from pathlib import Path

from edge.record.store.backup import copy_database, free_name, stamp
from edge.record.store.database import DATABASE_NAME, connect_read_only
from edge.record.store.errors import StoreNotFound, file_errors, sqlite_errors
from edge.record.store.pictures import SNAPSHOTS, PictureKind, pictures
from edge.record.store.schema import SCHEMA_VERSION, version_of
from engines.whole_file import sync_folder


class PictureBackup(str, Enum):
    """LINK gives a picture a second name on the same disk, which takes no room and guards against deletion alone."""

    COPY = "copy"
    LINK = "link"
    NONE = "none"


def back_up(folder: Path, into: Path, how: PictureBackup = PictureBackup.COPY) -> Path:
    """Make `into`/hemocam-TIME, itself a folder of a record, of what is committed in `folder` now; return it.

    The database is copied first: a picture is on the disk before its field is committed, so that every field in the copy
    finds its own. It has its name once all of it is on the disk. Raises StoreError; nothing is left then.
    """
    with file_errors(into):
        into.mkdir(parents=True, exist_ok=True)
    target = free_name(into, f"hemocam-{stamp()}")
    partial = into / f".{target.name}.{os.getpid()}.partial"
    with file_errors(target):
        try:
            partial.mkdir()
            copy_database(folder / DATABASE_NAME, partial / DATABASE_NAME)
            if how is not PictureBackup.NONE:
                _keep_pictures(folder, partial, how)
            for each in (partial, *(Path(where) for where, _, _ in os.walk(partial))):
                sync_folder(each)
            partial.replace(target)
            sync_folder(into)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return target


def _keep_pictures(folder: Path, target: Path, how: PictureBackup) -> None:
    """All that the copied record names, and those of frames that were not counted; no field's that is on its way."""
    named = _named(target / DATABASE_NAME)
    others = (each.name for each in pictures(folder) if each.kind is not PictureKind.FIELD)
    for name in (*named, *others, *(each.name for each in pictures(folder, SNAPSHOTS))):
        source, copy = folder / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            if how is PictureBackup.LINK:
                os.link(source, copy)
            else:
                shutil.copyfile(source, copy)
                with copy.open("rb") as file:
                    os.fsync(file.fileno())
        except FileNotFoundError:
            continue  # retention took it meanwhile, or it was missing before: `store check` of the copy tells


def _named(database: Path) -> list[str]:
    with sqlite_errors(database):
        connection = connect_read_only(database)
        try:
            if version_of(connection, database) == 0:
                raise StoreNotFound(f"{database} holds no record yet; there is nothing to back up")
            dropped = " AND image_dropped IS NULL" if version_of(connection, database) == SCHEMA_VERSION else ""
            rows = connection.execute(f"SELECT image FROM field WHERE image IS NOT NULL{dropped}")
            return [str(row["image"]) for row in rows]
        finally:
            connection.close()
