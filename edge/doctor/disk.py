"""The disk that the record lies on."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Protocol

from edge.doctor.finding import Finding, Level

NAME = "disk"
MB = 1_000_000
LEAST_FILES = 10_000
"""A counted field's picture is a file; half a day at one field in four seconds."""


class Space(Protocol):
    """As os.statvfs gives it."""

    @property
    def f_bavail(self) -> int: ...

    @property
    def f_frsize(self) -> int: ...

    @property
    def f_files(self) -> int: ...

    @property
    def f_favail(self) -> int: ...


def check_disk(
    folder: Path, soft_free_mb: int, hard_free_mb: int, space_at: Callable[[Path], Space] = os.statvfs
) -> Iterator[Finding]:
    """Free space for an ordinary user against the record's limits, and free inodes where the file system counts them."""
    where = existing(folder)
    try:
        space = space_at(where)
    except OSError as error:
        yield Finding(NAME, Level.ERROR, f"{where} cannot be asked: {error.strerror}", "mount the disk, or set store.folder")
        return
    free_mb = space.f_bavail * space.f_frsize // MB
    text = f"{free_mb} MB are free at {where}"
    cure = "make room, or move the record: store.folder; `hemocam store backup` copies it"
    if free_mb < hard_free_mb:
        yield Finding(
            NAME, Level.ERROR, f"{text}, less than store.hard_free_mb ({hard_free_mb}): nothing would be taken in", cure
        )
    elif free_mb < soft_free_mb:
        yield Finding(
            NAME, Level.WARNING, f"{text}, less than store.soft_free_mb ({soft_free_mb}): old pictures are dropped", cure
        )
    else:
        yield Finding(NAME, Level.OK, text)
    if space.f_files and space.f_favail < LEAST_FILES:  # f_files is 0 on btrfs and others, which have no table of files
        yield Finding(NAME, Level.WARNING, f"{space.f_favail} more files fit onto the disk at {where} (inodes)", cure)


def existing(folder: Path) -> Path:
    """`folder`, or the nearest one above it that is there and that we may see."""
    absolute = folder.absolute()
    return next((each for each in (absolute, *absolute.parents) if _is_there(each)), Path("/"))


def _is_there(folder: Path) -> bool:
    try:
        return folder.exists()
    except OSError:  # a service's record lies behind /var/lib/private, which is closed to others
        return False
