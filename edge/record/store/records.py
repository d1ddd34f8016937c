"""What the store takes and gives: frozen values in plain words and numbers, independent of how cells were found.

Classes are the words `rbc`, `wbc`, `plt`; methods, border rules and reasons are the words of their enums. A class that
was not looked for is absent from a mapping; it is never 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from enum import Enum
from math import isfinite

import numpy as np
from numpy.typing import NDArray

CELL_CLASSES = ("rbc", "wbc", "plt")
UNSURE = "unsure"


class SessionState(str, Enum):
    """INTERRUPTED: nobody finished the session and nobody is writing it; power failed or the program was killed."""

    RUNNING = "running"
    FINISHED = "finished"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True, kw_only=True)
class LedgerRecord:
    """How many captured frames ended in each state; `rejections` splits `rejected` by reason and must add up to it.

    Raises ValueError where a number is negative or the reasons do not add up.
    """

    counted: int = 0
    duplicate: int = 0
    rejected: int = 0
    dropped: int = 0
    failed: int = 0
    rejections: Mapping[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        numbers = [getattr(self, each.name) for each in fields(self) if each.name != "rejections"]
        if min(numbers) < 0 or min(self.rejections.values(), default=0) < 0:
            raise ValueError(f"a ledger's numbers are 0 or more: {self}")
        if sum(self.rejections.values()) != self.rejected:
            raise ValueError(f"{self.rejected} frames were rejected, but the reasons add up to {dict(self.rejections)}")

    @property
    def captured(self) -> int:
        return self.counted + self.duplicate + self.rejected + self.dropped + self.failed


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """What is known when a session begins.

    `started` is timezone-aware wall time; `um_per_px` micrometres per pixel or None where nobody calibrated;
    `settings` anything that JSON holds; `boot_id` names the machine's boot, within which monotonic times compare;
    `clock_trusted` is None where nobody knows whether the wall clock was set. Raises ValueError where `started` has no
    timezone.
    """

    started: datetime
    camera: str
    simulated: bool
    model: str
    model_sha256: str
    runtime: str
    hemocam_version: str
    hostname: str
    specimen: str = ""
    operator: str = ""
    note: str = ""
    um_per_px: float | None = None
    settings: Mapping[str, object] = field(default_factory=dict)
    boot_id: str | None = None
    clock_trusted: bool | None = None

    def __post_init__(self) -> None:
        if self.started.tzinfo is None:
            raise ValueError(f"a session's start needs a timezone: {self.started}")


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionRecord(NewSession):
    """A session as it stands in the store. `finished` and `finish_reason` are None until it is finished."""

    id: str
    state: SessionState
    ledger: LedgerRecord
    finished: datetime | None = None
    finish_reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SlideRecord:
    """One smear of a session; `number` counts from 1 within the session."""

    id: int
    session_id: str
    number: int
    name: str
    started: datetime
    specimen: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldFacts:
    """How one field was taken and how it was counted.

    `sequence` is the frame's number at its camera; `monotonic_s` the frame's monotonic clock in seconds; `image` the
    picture's path relative to the store's folder; `cell_diameter_spread` is relative (0.1 = 10 %); `focus` is None where
    it was not measured; `methods` names every class that was looked for; `disagreement` is relative, `by_method` has
    the number of cells by class and method. `engine` says what computed it, `calibration` where `um_per_px` comes from;
    `clock_trusted` is None where nobody knows whether the wall clock was set. `marks` is what speaks against the count, in
    sentences. `intervals` are the counts' 95 % intervals, both ends inclusive; `in_frame` is the number of cells in the
    counting frame of `frame_area_px` square pixels, None where it is not known. `source` is where the frame came from: the path
    of a picture, a device, an address without its password; "" in records older than schema 4. `classifier` is what named its
    cells, "" where nothing did.

    Raises ValueError where `wall_time` has no timezone or a mapping names a class that was not looked for.
    """

    slide_id: int
    sequence: int
    wall_time: datetime
    monotonic_s: float
    width_px: int
    height_px: int
    cell_diameter_px: float
    cell_diameter_spread: float
    cell_diameter_source: str
    border_rule: str
    methods: Mapping[str, str]
    latency_ms: float
    image: str | None = None
    um_per_px: float | None = None
    focus: float | None = None
    disagreement: Mapping[str, float] = field(default_factory=dict)
    by_method: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    engine: str = ""
    calibration: str = ""
    clock_trusted: bool | None = None
    marks: tuple[str, ...] = ()
    intervals: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    in_frame: Mapping[str, int] = field(default_factory=dict)
    frame_area_px: float | None = None
    source: str = ""
    classifier: str = ""

    def __post_init__(self) -> None:
        if self.wall_time.tzinfo is None:
            raise ValueError(f"a field's wall time needs a timezone: {self.wall_time}")
        if strange := (set(self.disagreement) | set(self.by_method) | set(self.intervals) | set(self.in_frame)) - set(
            self.methods
        ):
            raise ValueError(f"no method counted {', '.join(sorted(strange))} in this field")


@dataclass(frozen=True, slots=True, kw_only=True)
class NewField(FieldFacts):
    """One field to commit. `view` is what coverage needs to know it again; `StoreReader.views` gives it back."""

    view: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldRecord(FieldFacts):
    """A committed field. `number` counts from 1 within the slide; `counts` are its committed cells by class.

    `undone` is when a person took it out of the totals; `image_dropped` when its picture was deleted to make room;
    `cells_lost` has by class how many of its counted cells a repair could not read any more.
    """

    id: int
    number: int
    counts: Mapping[str, int]
    undone: datetime | None = None
    image_dropped: datetime | None = None
    cells_lost: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptPicture:
    """A field's picture that should be on the disk; `name` as in `FieldRecord.image`."""

    field_id: int
    name: str
    undone: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NoteRecord:
    """A person's words on a slide, and on the field that was its last one then (None: it had none yet)."""

    id: int
    session_id: str
    slide_id: int | None
    field_id: int | None
    written: datetime
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventRecord:
    """What happened to a session: a camera lost, an engine changed, the wall clock set (`kind` "clock", by `jump_s` seconds).

    `at` is wall time, `monotonic_s` the monotonic clock; `after_field` is the id of the record's last field then, so
    that the order among fields stands whatever the clocks said.
    """

    id: int
    session_id: str
    at: datetime
    monotonic_s: float
    kind: str
    text: str
    jump_s: float | None = None
    after_field: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CellRecord:
    """One counted cell, in the pixels of its frame; `diameter_um` is None on an uncalibrated microscope.

    `outline` is (n, 2) float32 of x, y, closed implicitly. `type` is what kind of its class it is, UNSURE where the classifier
    could not say, None where nothing looked at it. Raises ValueError where a number is not finite or `outline` is another
    array.
    """

    cell_class: str
    x: float
    y: float
    diameter_px: float
    area_px: float
    confidence: float
    border: bool
    outline: NDArray[np.float32]
    diameter_um: float | None = None
    type: str | None = None
    type_probability: float | None = None

    def __post_init__(self) -> None:
        sizes = (self.x, self.y, self.diameter_px, self.area_px)
        numbers = (*sizes, self.confidence, self.diameter_um or 0.0, self.type_probability or 0.0)
        if not all(map(isfinite, numbers)):
            raise ValueError(f"a cell's numbers must be finite: {self.cell_class} at {self.x}, {self.y}: {numbers}")
        if self.outline.dtype != np.float32 or self.outline.ndim != 2 or self.outline.shape[1] != 2:
            raise ValueError(f"an outline is (n, 2) float32, not {self.outline.shape} {self.outline.dtype}")


@dataclass(frozen=True, slots=True, kw_only=True)
class TotalsRecord:
    """Committed fields and their cells by class; a class that no field looked for is absent. `types` are the white cells that
    a classifier looked at, by their types."""

    fields: int
    cells: Mapping[str, int]
    types: Mapping[str, int] = field(default_factory=dict)
