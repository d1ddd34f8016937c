"""What the recording thread tells the loop."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from edge.counting.field_count import FieldCount
from edge.record.jobs import Job
from edge.record.store.errors import StoreError
from edge.session.events import Disk, PastCount
from edge.session.ledger import Ledger
from edge.slide.totals import SlideTotals


@dataclass(frozen=True, slots=True)
class Resumed:
    """An interrupted session that goes on. The running ledger holds its frames already.

    `views` are those of the slide's fields that are not undone, in the order they were committed, for Coverage.restore.
    """

    ledger: Ledger
    rejections: Mapping[str, int]
    views: tuple[bytes, ...] = ()


@dataclass(frozen=True, slots=True)
class RecordOpened:
    """The first news: the record is open and takes fields. `recent` are the slide's last fields (after a resume)."""

    session_id: str
    totals: SlideTotals
    resumed: Resumed | None = None
    recent: tuple[PastCount, ...] = ()
    specimen: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class FieldCommitted:
    """The field is on the disk and in the ledger. `count` has all methods' numbers; `totals` and `recent` are the record's."""

    token: int
    count: FieldCount
    totals: SlideTotals
    recent: tuple[PastCount, ...]


@dataclass(frozen=True, slots=True)
class FieldLost:
    """The field is not in the record; its frame is FAILED in the ledger."""

    token: int
    error: StoreError


@dataclass(frozen=True, slots=True)
class FieldUndone:
    """The slide's last field left the totals. `number` is its number in the slide (from 1, undone ones counted too);
    `token` is its CommitField's, None where it was committed before the session was resumed."""

    totals: SlideTotals
    recent: tuple[PastCount, ...]
    number: int
    token: int | None


@dataclass(frozen=True, slots=True)
class NothingToUndo:
    """The slide in hand has no committed field."""


@dataclass(frozen=True, slots=True)
class SlideBegun:
    """Fields from here on belong to this slide."""

    totals: SlideTotals
    specimen: str


@dataclass(frozen=True, slots=True)
class NoteKept:
    text: str


@dataclass(frozen=True, slots=True)
class PictureKept:
    """A snapshot is on the disk."""

    path: Path


@dataclass(frozen=True, slots=True)
class PictureLost:
    """A picture could not be kept; a count that it belongs to is recorded without it."""

    error: StoreError


@dataclass(frozen=True, slots=True)
class JobLost:
    """A small job (a note, an undo, a slide, an event) that was not done: too many waited, or the record closed before."""

    job: Job
    error: StoreError


@dataclass(frozen=True, slots=True)
class RecordWaits:
    """The disk is full or another program holds the record; the job in hand is tried again in `retry_in_s` seconds."""

    error: StoreError
    retry_in_s: float


@dataclass(frozen=True, slots=True)
class RecordBack:
    """What waited has been recorded."""


@dataclass(frozen=True, slots=True)
class DiskChanged:
    disk: Disk


@dataclass(frozen=True, slots=True)
class RecordFailed:
    """The record takes nothing more; fields that waited were told as FieldLost before."""

    error: StoreError


@dataclass(frozen=True, slots=True)
class RecordClosed:
    """The last news."""


RecordNews = (
    RecordOpened | FieldCommitted | FieldLost | FieldUndone | NothingToUndo | SlideBegun | NoteKept | PictureKept
    | PictureLost | JobLost | RecordWaits | RecordBack | DiskChanged | RecordFailed | RecordClosed
)  # fmt: skip
