"""What was recorded, as a face of the program shows it: past sessions, their fields, the pictures of these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from edge.counting.cell import Cell, CellClass
from edge.frame import Pixels


class HistoryError(Exception):
    """The record cannot be read; the message names the file and says what to do."""


@dataclass(frozen=True, slots=True)
class PastSession:
    """One recorded session. `state` is running, finished or interrupted; `cells` has no class that was not looked for."""

    id: str
    started: datetime
    state: str
    camera: str
    simulated: bool
    model: str
    runtime: str
    fields: int
    cells: Mapping[CellClass, int]
    specimen: str = ""
    operator: str = ""
    finished: datetime | None = None
    finish_reason: str | None = None
    um_per_px: float | None = None


@dataclass(frozen=True, slots=True)
class PastNote:
    """A person's words. Those of a slide that had no field yet stand with the slide's first one."""

    written: datetime
    text: str


@dataclass(frozen=True, slots=True)
class PastField:
    """One committed field, undone ones among them. `number` counts from 1 within its slide, `slide` names that.

    `undone` is when a person took it out of the totals. `methods` are words by class, as the record has them;
    `clock_trusted` is None where nobody knows whether the wall clock was set when `taken` was written.
    """

    id: int
    slide: str
    number: int
    taken: datetime
    counts: Mapping[CellClass, int]
    methods: Mapping[CellClass, str]
    width_px: int
    height_px: int
    cell_diameter_px: float
    cell_diameter_source: str
    specimen: str = ""
    undone: datetime | None = None
    focus: float | None = None
    um_per_px: float | None = None
    latency_ms: float = 0.0
    engine: str = ""
    clock_trusted: bool | None = None
    image: str | None = None
    image_dropped: datetime | None = None
    cells_lost: Mapping[CellClass, int] = field(default_factory=dict)
    notes: tuple[PastNote, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FieldPicture:
    """A field's picture, (height, width, 3) uint8 RGB, and its cells in that picture's pixels.

    `missing` says in a sentence why there is no picture; `pixels` are then blank glass of the field's size, so that the
    outlines still have their places. None where the picture is there.
    """

    pixels: Pixels
    cells: tuple[Cell, ...]
    missing: str | None = None


class History(Protocol):
    """The record, for reading. Every method takes its time at the disk and is called on a worker thread, any one; each
    raises HistoryError where the record cannot be read."""

    def sessions(self) -> tuple[PastSession, ...]:
        """All recorded sessions, the newest first; none where nothing was recorded yet."""
        ...

    def fields(self, session_id: str) -> tuple[PastField, ...]:
        """The session's fields in the order they were committed."""
        ...

    def picture(self, field: PastField) -> FieldPicture: ...
