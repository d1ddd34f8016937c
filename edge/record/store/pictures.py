"""Which pictures lie beside the record, and what each is, by its path.

images/SESSION/SLIDE-NNNNNN is a counted field's, images/SESSION/REASON-NNNNNN that of a frame that was not counted,
snapshots/… one that a person asked for. Only the first are named in the record.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path, PurePosixPath

from edge.record.store.errors import file_errors
from edge.record.store.images import ImageFormat

IMAGES, SNAPSHOTS, ORPHANS = "images", "snapshots", "orphans"
_SUFFIXES = tuple(each.value for each in ImageFormat)
_NUMBERED = re.compile(r"(?P<word>.+)-(?P<number>\d+)(?:-[A-Z]+)?")
_PARTIAL = re.compile(r"\..+\.(?P<pid>\d+)\.partial")
_ENDS = {".jpg": (b"\xff\xd8", b"\xff\xd9"), ".png": (b"\x89PNG", b"IEND\xaeB`\x82")}


class PictureKind(str, Enum):
    FIELD = "field"
    REFUSED = "refused"
    SNAPSHOT = "snapshot"
    STRANGE = "strange"


@dataclass(frozen=True, slots=True)
class PictureFile:
    """`name` is relative to the store's folder, as in `FieldRecord.image`; `number` orders a session's pictures."""

    name: str
    kind: PictureKind
    session_id: str
    number: int


def picture_file(name: str) -> PictureFile:
    """What the picture of this name is."""
    path = PurePosixPath(name)
    if path.parts[0] == SNAPSHOTS:
        return PictureFile(name, PictureKind.SNAPSHOT, "", 0)
    found = _NUMBERED.fullmatch(path.stem)
    if len(path.parts) != 3 or found is None or path.suffix not in _SUFFIXES:
        return PictureFile(name, PictureKind.STRANGE, "", 0)
    kind = PictureKind.FIELD if found["word"].isdigit() else PictureKind.REFUSED
    return PictureFile(name, kind, path.parts[1], int(found["number"]))


def pictures(folder: Path, below: str = IMAGES) -> Iterator[PictureFile]:
    """Every whole picture under `folder`/`below`, folder by folder, each folder's in their numbers' order."""
    with file_errors(folder / below):
        for where, folders, files in os.walk(folder / below, onerror=_unless_missing):
            folders.sort()
            here = Path(where).relative_to(folder)
            names = [str(here / each) for each in files if not each.startswith(".")]
            yield from sorted(map(picture_file, names), key=lambda each: (each.number, each.name))


def _unless_missing(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def partials(folder: Path) -> list[Path]:
    """What a killed writer left half-written; never those of a living process."""
    with file_errors(folder):
        found = [
            *folder.glob(".*.partial"),
            *(each for top in (IMAGES, SNAPSHOTS) for each in (folder / top).rglob(".*.partial")),
        ]
    return sorted(each for each in found if (name := _PARTIAL.fullmatch(each.name)) and not _lives(int(name["pid"])))


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (PermissionError, OverflowError):
        return True
    return True


def is_cut_off(path: Path) -> bool:
    """Whether the file does not begin and end as its format does; one that is gone is not (retention may have been here)."""
    start, end = _ENDS[path.suffix]
    with file_errors(path):
        try:
            with path.open("rb") as file:
                head = file.read(len(start))
                size_bytes = file.seek(0, os.SEEK_END)
                file.seek(max(0, size_bytes - len(end)))
                return (head, file.read()) != (start, end)
        except FileNotFoundError:
            return False


def next_picture_number(folder: Path, session_id: str) -> int:
    """One more than the highest number of the session's pictures: what a resumed session goes on with."""
    return 1 + max((each.number for each in pictures(folder, f"{IMAGES}/{session_id}")), default=0)
