"""What the loop found, as the store keeps it."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timezone
from enum import Enum
from importlib.metadata import version

from edge.counting.cells import Cell, CellClass
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.session import FinishReason, Ledger, SlideTotals
from edge.storage.images import write_frame
from edge.storage.records import CellRecord, LedgerRecord, NewField, NewSession, SlideRecord
from edge.storage.store import Store


class SaveImages(str, Enum):
    """Which pictures are kept beside the record."""

    COUNTED = "counted"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class SessionCard:
    """What a session's record says of how it was made; `settings` is anything that JSON holds."""

    camera: str
    simulated: bool
    model: str
    model_sha256: str
    runtime: str
    specimen: str = ""
    operator: str = ""
    note: str = ""
    um_per_px: float | None = None
    settings: Mapping[str, object] | None = None


class Recorder:
    """One session in an open store. A field is in `totals` only once it is committed; all may raise StoreError."""

    def __init__(self, store: Store, card: SessionCard, save_images: SaveImages) -> None:
        self._store, self._save, self._pictures = store, save_images, 0
        self.session_id = store.begin_session(
            NewSession(
                started=datetime.now(timezone.utc),
                camera=card.camera,
                simulated=card.simulated,
                model=card.model,
                model_sha256=card.model_sha256,
                runtime=card.runtime,
                hemocam_version=version("hemocam"),
                hostname=socket.gethostname(),
                specimen=card.specimen,
                operator=card.operator,
                note=card.note,
                um_per_px=card.um_per_px,
                settings=card.settings or {},
            )
        ).id
        self._slide = self.new_slide()

    def new_slide(self) -> SlideRecord:
        """Begin the session's next slide."""
        number = len(self._store.slides(self.session_id)) + 1
        self._slide = self._store.begin_slide(self.session_id, f"slide {number}", datetime.now(timezone.utc))
        return self._slide

    @property
    def totals(self) -> SlideTotals:
        """What the store holds of the slide in hand."""
        totals = self._store.totals(self._slide.id)
        return SlideTotals(self._slide.name, totals.fields, {CellClass(kind): n for kind, n in totals.cells.items()})

    def commit(
        self, frame: Frame, count: FieldCount, focus: float, latency_ms: float, ledger: Ledger, rejections: Mapping[str, int]
    ) -> None:
        """Record a counted field with its cells and picture; `ledger` has this frame among the counted."""
        image = None
        if self._save is not SaveImages.NONE:
            image = self._write(frame, str(self._slide.number))
        self._store.commit_field(
            NewField(
                slide_id=self._slide.id, sequence=frame.sequence, wall_time=frame.wall_time, monotonic_s=frame.monotonic_s,
                width_px=frame.width_px, height_px=frame.height_px, cell_diameter_px=count.scale.cell_diameter_px,
                cell_diameter_spread=count.scale.spread, cell_diameter_source=count.scale.source.value,
                border_rule=count.border_rule.value, methods={k.value: m.value for k, m in count.methods.items()},
                latency_ms=latency_ms, image=image, um_per_px=frame.um_per_px, focus=focus,
                disagreement={kind.value: share for kind, share in count.disagreement.items()},
                by_method={k.value: {m.value: n for m, n in found.items()} for k, found in count.by_method.items()},
            ),
            [_cell(cell) for cell in count.cells], _ledger(ledger, rejections),
        )  # fmt: skip

    def refuse(self, frame: Frame, reason: str) -> None:
        """Keep the picture of a frame that was not counted, where all pictures are kept."""
        if self._save is SaveImages.ALL:
            self._write(frame, reason)

    def _write(self, frame: Frame, word: str) -> str:
        """Numbered here, as a camera that was lost and reopened begins its sequence anew and would overwrite a picture."""
        self._pictures += 1
        return write_frame(self._store.folder, frame, f"images/{self.session_id}/{word}-{self._pictures:06d}")

    def snapshot(self, frame: Frame, name: str) -> str:
        """Keep this frame now, whatever is kept otherwise; gives the picture's path."""
        return str(self._store.folder / write_frame(self._store.folder, frame, f"snapshots/{self.session_id}-{name}"))

    def update(self, ledger: Ledger, rejections: Mapping[str, int]) -> None:
        """Record how the frames ended that were not counted."""
        self._store.update_ledger(self.session_id, _ledger(ledger, rejections))

    def finish(self, ledger: Ledger, rejections: Mapping[str, int], reason: FinishReason) -> None:
        """Close the session."""
        self._store.finish_session(self.session_id, _ledger(ledger, rejections), reason.value, datetime.now(timezone.utc))


def _cell(cell: Cell) -> CellRecord:
    return CellRecord(
        cell_class=cell.cell_class.value, x=cell.x, y=cell.y, diameter_px=cell.diameter_px, area_px=cell.area_px,
        confidence=cell.confidence, border=cell.border, outline=cell.outline, diameter_um=cell.diameter_um,
    )  # fmt: skip


def _ledger(ledger: Ledger, rejections: Mapping[str, int]) -> LedgerRecord:
    return LedgerRecord(
        counted=ledger.counted, duplicate=ledger.duplicate, rejected=ledger.rejected, dropped=ledger.dropped,
        failed=ledger.failed, rejections=rejections,
    )  # fmt: skip
