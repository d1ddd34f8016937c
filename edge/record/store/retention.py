"""Making room on a disk that runs low: pictures go, by how little they will be missed; counts never do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

from edge.record.store.errors import file_errors
from edge.record.store.pictures import IMAGES, SNAPSHOTS, PictureKind, pictures
from edge.record.store.records import SessionState
from edge.record.store.store import Store
from engines.whole_file import sync_folder

KEEP_LAST_FIELDS = 50
MOST_A_CALL = 500
"""Some 0.1 s of work: a recording thread has other things to do, and may call again."""


@dataclass(frozen=True, slots=True)
class Room:
    """What was dropped: how many pictures of each kind, and how many bytes that freed."""

    freed_bytes: int = 0
    refused: int = 0
    undone: int = 0
    snapshots: int = 0
    counted: int = 0

    @property
    def pictures(self) -> int:
        return self.refused + self.undone + self.snapshots + self.counted


@dataclass(frozen=True, slots=True)
class _Candidate:
    word: str
    name: str
    field_id: int | None = None


def make_room(store: Store, goal_bytes: int, keep_last: int = KEEP_LAST_FIELDS, most: int = MOST_A_CALL) -> Room:
    """Delete pictures until `goal_bytes` are freed, `most` are gone or none is left that may go, and say what went.

    In this order, within each the oldest first (by the order of sessions and of pictures in them, as the wall clock may
    have been set): frames that were not counted, undone fields, snapshots, counted fields. The last `keep_last` fields of
    a running session keep theirs. A picture that a backup links to stays, as deleting its name here would free nothing. A
    field's row says when its picture was dropped; that is committed before the file goes. Raises StoreError.
    """
    chosen: list[tuple[_Candidate, int]] = []
    freed_bytes = 0
    for each in _candidates(store, keep_last):
        if freed_bytes >= goal_bytes or len(chosen) >= most:
            break
        if size_bytes := _size_bytes(store.folder / each.name):
            chosen.append((each, size_bytes))
            freed_bytes += size_bytes
    store.note_dropped([each.field_id for each, _ in chosen if each.field_id is not None], datetime.now(timezone.utc))
    with file_errors(store.folder):
        for each, _ in chosen:
            (store.folder / each.name).unlink(missing_ok=True)
        for parent in {(store.folder / each.name).parent for each, _ in chosen}:
            sync_folder(parent)
    numbers = {word: sum(each.word == word for each, _ in chosen) for word in ("refused", "undone", "snapshots", "counted")}
    return Room(freed_bytes, **numbers)


def _candidates(store: Store, keep_last: int) -> Iterator[_Candidate]:
    sessions = store.sessions()[::-1]
    known = [each.id for each in sessions]
    for session_id in (*_unknown(store.folder, set(known)), *known):
        for each in pictures(store.folder, f"{IMAGES}/{session_id}"):
            if each.kind is PictureKind.REFUSED:
                yield _Candidate("refused", each.name)
    running = [each.id for each in sessions if each.state is SessionState.RUNNING]
    kept = {field_id for session_id in running for field_id in store.last_field_ids(session_id, keep_last)}
    rows = [each for each in store.kept_pictures() if each.field_id not in kept]
    yield from (_Candidate("undone", each.name, each.field_id) for each in rows if each.undone)
    for snapshot in sorted(pictures(store.folder, SNAPSHOTS), key=lambda each: _age(store.folder / each.name)):
        yield _Candidate("snapshots", snapshot.name)
    yield from (_Candidate("counted", each.name, each.field_id) for each in rows if not each.undone)


def _unknown(folder: Path, known: set[str]) -> list[str]:
    with file_errors(folder / IMAGES):
        there = sorted(each.name for each in (folder / IMAGES).glob("*"))
    return [each for each in there if each not in known]


def _age(path: Path) -> tuple[str, float]:
    """A snapshot's session first, as its name begins with it; then when it was written."""
    with file_errors(path):
        return path.name[:15], path.stat().st_mtime


def _size_bytes(path: Path) -> int:
    """What deleting it would free; 0 where it is not there, or has another name too."""
    try:
        there = path.stat()
    except FileNotFoundError:
        return 0
    return 0 if there.st_nlink > 1 else there.st_blocks * 512
