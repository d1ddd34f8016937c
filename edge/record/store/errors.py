"""What can go wrong with the record, and SQLite's own errors told as one of these."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engines.printable import printable


class StoreError(Exception):
    """Something about the record; the message names the file or session and says what to do. A damaged file's own bytes are
    part of what SQLite says about it: what a terminal should not be given is escaped."""

    def __init__(self, text: str = "") -> None:
        super().__init__(printable(text))


class StoreNotFound(StoreError):
    """No such record, session, slide or field."""


class SessionAmbiguous(StoreError):
    """The beginning of a session's name fits several sessions."""


class StoreTooNew(StoreError):
    """A later HemoCam wrote the record."""


class StoreTooOld(StoreError):
    """An earlier HemoCam wrote the record, and it was opened only for reading."""


class StoreCorrupt(StoreError):
    """The file is damaged, or is no record of HemoCam's."""


class StoreFull(StoreError):
    """The disk, the quota or the largest allowed file is full; nothing of the failed write is kept."""


class StoreBusy(StoreError):
    """Another process held the record longer than we wait."""


class StoreNotWritable(StoreError):
    """Permissions or a read-only disk forbid it."""


# SQLite's texts, not its codes: Python 3.10 has no sqlite_errorcode. They are those of sqlite3ErrStr() and btree.c.
_BY_TEXT: tuple[tuple[str, type[StoreError], str], ...] = (
    ("disk is full", StoreFull, "free some space on its disk; what was committed before is safe"),
    (
        "file is not a database",
        StoreCorrupt,
        "it is no record; name another folder, or run `hemocam store repair` if it was one",
    ),
    ("malformed", StoreCorrupt, "run `hemocam store repair`, which keeps a copy and saves what can be read"),
    ("locked", StoreBusy, "another program is writing; close it and try again"),
    ("UTF-8", StoreCorrupt, "run `hemocam store repair`, which keeps a copy and saves what can be read"),
    ("readonly", StoreNotWritable, "check who owns the folder, or name one that you may write to"),
    ("unable to open", StoreNotWritable, "check who owns the folder, or name one that you may read and write"),
    ("disk I/O error", StoreError, "check the disk and its cable (dmesg), then try again"),
)
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FORBIDDEN = {errno.EACCES, errno.EPERM, errno.EROFS}


@contextmanager
def sqlite_errors(database: Path) -> Iterator[None]:
    """Raise what SQLite raises inside as a StoreError that names `database`."""
    try:
        yield
    except (sqlite3.Error, MemoryError) as error:  # a damaged length makes SQLite ask for more memory than there is
        text = str(error) or "out of memory, as a damaged record may ask for any amount"
        for part, kind, advice in _BY_TEXT:
            if part in text:
                raise kind(f"{database}: {text}; {advice}") from error
        raise StoreError(f"{database}: {text}") from error
    except UnicodeDecodeError as error:  # sqlite3's own, where the damaged bytes are in SQLite's message
        said = f"{database}: database disk image is malformed ({error.object[:40]!r})"
        raise StoreCorrupt(f"{said}; run `hemocam store repair`, which keeps a copy and saves what can be read") from error


@contextmanager
def file_errors(path: Path) -> Iterator[None]:
    """Raise what the operating system raises inside as a StoreError that names `path`."""
    try:
        yield
    except OSError as error:
        reason = error.strerror or type(error).__name__
        if error.errno in _FULL:
            raise StoreFull(f"{path}: {reason}; free some space on its disk, nothing half-written was kept") from error
        if error.errno in _FORBIDDEN:
            raise StoreNotWritable(f"{path}: {reason}; check who owns it, or name a folder that you may write to") from error
        raise StoreError(f"{path}: {reason}; check the folder and its disk") from error


@contextmanager
def unreadable_values(database: Path) -> Iterator[None]:
    """Raise StoreCorrupt where a row holds what no HemoCam wrote (a time that is none, broken JSON)."""
    try:
        yield
    except (ValueError, TypeError, LookupError, AttributeError, OverflowError, RecursionError) as error:
        said = f"{database} holds a row that cannot be read ({error})"
        raise StoreCorrupt(f"{said}; run `hemocam store repair`, which keeps a copy and saves what can be read") from error
