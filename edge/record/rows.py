"""What the loop knows, in the words of the store."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version

from edge.counting.cell import Cell, CellClass
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.record.store.records import UNSURE, CellRecord, FieldRecord, LedgerRecord, NewField, NewSession
from edge.session.events import PastCount
from edge.session.ledger import Ledger
from edge.session.origin import SessionOrigin


def new_session(origin: SessionOrigin, started: datetime, boot_id: str | None, clock_trusted: bool | None) -> NewSession:
    return NewSession(
        started=started, camera=origin.camera, simulated=origin.simulated, model=origin.model, model_sha256=origin.model_sha256,
        runtime=origin.runtime, hemocam_version=version("hemocam"), hostname=socket.gethostname(), specimen=origin.specimen,
        operator=origin.operator, note=origin.note, um_per_px=origin.um_per_px, settings=origin.settings or {}, boot_id=boot_id,
        clock_trusted=clock_trusted,
    )  # fmt: skip


def new_field(
    slide_id: int, frame: Frame, count: FieldCount, *, focus: float, latency_ms: float, image: str | None, engine: str,
    view: bytes | None, clock_trusted: bool | None,
) -> NewField:  # fmt: skip
    """The field's row. Its calibration says in words where its scale comes from."""
    known = "not calibrated" if frame.um_per_px is None else f"{frame.um_per_px:g} um/px"
    return NewField(
        slide_id=slide_id, sequence=frame.sequence, wall_time=frame.wall_time, monotonic_s=frame.monotonic_s,
        width_px=frame.width_px, height_px=frame.height_px, cell_diameter_px=count.scale.cell_diameter_px,
        cell_diameter_spread=count.scale.spread, cell_diameter_source=count.scale.source.value,
        border_rule=count.border_rule.value, methods={k.value: m.value for k, m in count.methods.items()},
        latency_ms=latency_ms, image=image, um_per_px=frame.um_per_px, focus=focus,
        disagreement={kind.value: share for kind, share in count.disagreement.items()},
        by_method={k.value: {m.value: n for m, n in found.items()} for k, found in count.by_method.items()},
        engine=engine, calibration=f"{known}; red cell diameter {count.scale.source.words}", view=view,
        clock_trusted=clock_trusted, marks=tuple(f"{mark.reason.value}: {mark.text}" for mark in count.marks),
        intervals={kind.value: (known.low, known.high) for kind, known in count.intervals.items()},
        in_frame={kind.value: number for kind, number in count.in_frame.items()}, frame_area_px=count.frame_area_px or None,
        source=frame.source, classifier=count.classifier,
    )  # fmt: skip


def cell_row(cell: Cell) -> CellRecord:
    return CellRecord(
        cell_class=cell.cell_class.value, x=cell.x, y=cell.y, diameter_px=cell.diameter_px, area_px=cell.area_px,
        confidence=cell.confidence, border=cell.border, outline=cell.outline, diameter_um=cell.diameter_um,
        type=None if cell.type is None else cell.type.name or UNSURE,
        type_probability=None if cell.type is None else cell.type.probability,
    )  # fmt: skip


def ledger_row(ledger: Ledger, rejections: Mapping[str, int]) -> LedgerRecord:
    """Frames that are still in hand are in no state yet, and so not in the record's ledger."""
    return LedgerRecord(
        counted=ledger.counted, duplicate=ledger.duplicate, rejected=ledger.rejected, dropped=ledger.dropped,
        failed=ledger.failed, rejections={reason: n for reason, n in rejections.items() if n},
    )  # fmt: skip


def ledger_of(record: LedgerRecord) -> Ledger:
    """A record's ledger, with nothing in hand."""
    return Ledger(record.captured, record.counted, record.duplicate, record.rejected, record.dropped, record.failed)


def past_count(field: FieldRecord) -> PastCount:
    return PastCount(field.number, {CellClass(kind): n for kind, n in field.counts.items()})
