"""The record as history: sessions, fields and pictures out of the store."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from edge.counting.cell import Cell, CellClass
from edge.frame import Pixels
from edge.record.store.errors import StoreError, StoreNotFound
from edge.record.store.reader import StoreReader
from edge.record.store.records import CellRecord, FieldRecord, NoteRecord, SessionRecord, SlideRecord
from edge.session.history import FieldPicture, HistoryError, PastField, PastNote, PastSession

_BLANK_GLASS = 232


class RecordedHistory:
    """The history in `folder`. Each call opens the record and closes it again, so any thread may call, and a session that is
    being recorded is read as it stands."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def sessions(self) -> tuple[PastSession, ...]:
        if not StoreReader(self._folder).database.exists():
            return ()
        with _history_errors(), StoreReader(self._folder) as reader, reader.snapshot():
            return tuple(_session(reader, record) for record in reader.sessions())

    def fields(self, session_id: str) -> tuple[PastField, ...]:
        with _history_errors(), StoreReader(self._folder) as reader, reader.snapshot():
            records = reader.session_fields(session_id, including_undone=True)
            slides = {slide.id: slide for slide in reader.slides(session_id)}
            notes = _notes_by_field(reader.notes(session_id), records)
        return tuple(_field(record, slides[record.slide_id], notes.get(record.id, ())) for record in records)

    def picture(self, field: PastField) -> FieldPicture:
        with _history_errors(), StoreReader(self._folder) as reader:
            cells = tuple(_cell(record, field.um_per_px) for record in reader.cells(field.id))
        pixels = self._pixels(field)
        if isinstance(pixels, str):
            blank = np.full((field.height_px, field.width_px, 3), _BLANK_GLASS, np.uint8)
            return FieldPicture(blank, cells, missing=pixels)
        return FieldPicture(pixels, cells)

    def _pixels(self, field: PastField) -> Pixels | str:
        """The field's picture, or why there is none."""
        if field.image_dropped is not None:
            return f"its picture was deleted to make room, {field.image_dropped:%Y-%m-%d}"
        if field.image is None:
            return "no picture was kept of this field"
        path = self._folder / field.image
        try:
            encoded = np.fromfile(path, np.uint8)
        except OSError as error:
            return f"its picture {field.image} cannot be read: {error.strerror}"
        decoded = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
        if decoded is None:
            return f"its picture {field.image} is damaged"
        pixels: Pixels = np.ascontiguousarray(decoded[:, :, ::-1], np.uint8)
        if pixels.shape[:2] != (field.height_px, field.width_px):
            return f"its picture {field.image} is {pixels.shape[1]}x{pixels.shape[0]}, not {field.width_px}x{field.height_px}"
        return pixels


@contextmanager
def _history_errors() -> Iterator[None]:
    try:
        yield
    except StoreNotFound as error:
        raise HistoryError(f"{error}; it may have been moved or deleted meanwhile") from error
    except StoreError as error:
        raise HistoryError(str(error)) from error


def _session(reader: StoreReader, record: SessionRecord) -> PastSession:
    totals = reader.session_totals(record.id)
    return PastSession(
        id=record.id,
        started=record.started,
        state=record.state.value,
        camera=record.camera,
        simulated=record.simulated,
        model=record.model,
        runtime=record.runtime,
        fields=totals.fields,
        cells={CellClass(kind): number for kind, number in totals.cells.items()},
        specimen=", ".join(reader.specimens(record.id)) or record.specimen,
        operator=record.operator,
        finished=record.finished,
        finish_reason=record.finish_reason,
        um_per_px=record.um_per_px,
    )


def _field(record: FieldRecord, slide: SlideRecord, notes: tuple[PastNote, ...]) -> PastField:
    return PastField(
        id=record.id,
        slide=slide.name,
        number=record.number,
        taken=record.wall_time,
        counts={CellClass(kind): number for kind, number in record.counts.items()},
        methods={CellClass(kind): method for kind, method in record.methods.items()},
        width_px=record.width_px,
        height_px=record.height_px,
        cell_diameter_px=record.cell_diameter_px,
        cell_diameter_source=record.cell_diameter_source,
        specimen=slide.specimen,
        undone=record.undone,
        focus=record.focus,
        um_per_px=record.um_per_px,
        latency_ms=record.latency_ms,
        engine=record.engine,
        clock_trusted=record.clock_trusted,
        image=record.image,
        image_dropped=record.image_dropped,
        cells_lost={CellClass(kind): number for kind, number in record.cells_lost.items()},
        notes=notes,
    )


def _notes_by_field(notes: list[NoteRecord], fields: list[FieldRecord]) -> dict[int, tuple[PastNote, ...]]:
    """A note stands with its field; one of a slide without a field yet with that slide's first, else with the session's."""
    first_of_slide: dict[int, int] = {}
    for field in fields:
        first_of_slide.setdefault(field.slide_id, field.id)
    found: dict[int, tuple[PastNote, ...]] = {}
    for note in notes:
        of_slide = first_of_slide.get(note.slide_id) if note.slide_id is not None else None
        at = note.field_id or of_slide or (fields[0].id if fields else None)
        if at is not None:
            found[at] = (*found.get(at, ()), PastNote(note.written, note.text))
    return found


def _cell(record: CellRecord, um_per_px: float | None) -> Cell:
    kind = CellClass(record.cell_class)
    return Cell(
        kind, record.x, record.y, record.area_px, record.outline, record.confidence, border=record.border, um_per_px=um_per_px
    )
