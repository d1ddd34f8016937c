"""A record of two sessions and four fields, one of each kind that a person may come upon."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import numpy as np

from edge.counting.cell import CellClass, Method
from edge.session.history import FieldPicture, HistoryError, PastField, PastNote, PastSession

from . import fake_session as fake

BEGUN = datetime(2026, 11, 20, 9, 30, tzinfo=timezone.utc)
TOTALS = {CellClass.RBC: 201, CellClass.WBC: 3, CellClass.PLT: 12}
SESSION = PastSession(
    id="2026-11-20-a1", started=BEGUN, state="interrupted", camera="USB microscope (/dev/video0)", simulated=False,
    model="field 3f9a2c", runtime="onnxruntime int8", fields=3, cells=TOTALS, specimen="P-1043", operator="M. Curie",
)  # fmt: skip
SIMULATED = replace(
    SESSION, id="2026-11-19-b2", started=BEGUN - timedelta(days=1), state="finished", simulated=True, camera="simulated slide",
    finished=BEGUN - timedelta(hours=23), finish_reason="stopped", cells={CellClass.RBC: 201}, specimen="",
)  # fmt: skip
EMPTY = replace(SESSION, id="2026-11-18-c3", started=BEGUN - timedelta(days=2), state="running", fields=0, cells={})
NOTE = PastNote(BEGUN + timedelta(minutes=3), "rouleaux at the upper left; look again")


def past_field(number: int) -> PastField:
    _, cells = fake.rendered(number)
    return PastField(
        id=number, slide="smear-1", number=number, taken=BEGUN + timedelta(minutes=number), width_px=640, height_px=480,
        counts={kind: sum(cell.cell_class is kind for cell in cells) for kind in CellClass},
        methods={CellClass.RBC: Method.CENTRES.value, CellClass.WBC: "components", CellClass.PLT: "components"},
        cell_diameter_px=44.2, cell_diameter_source="estimated", specimen="P-1043", focus=182.0, latency_ms=38.0,
        engine="onnxruntime int8", image=f"images/{number}.jpg",
    )  # fmt: skip


KEPT, UNDONE, DROPPED, NOTED = past_field(1), past_field(2), past_field(3), past_field(4)
FIELDS = (
    KEPT,
    replace(UNDONE, undone=BEGUN + timedelta(minutes=9)),
    replace(DROPPED, image_dropped=BEGUN + timedelta(days=3), clock_trusted=False),
    replace(NOTED, notes=(NOTE,)),
)


class FakeHistory:
    """Keeps which pictures were asked for. `error` is raised by whatever is asked next."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.error: HistoryError | None = None
        self.past = (SESSION, SIMULATED, EMPTY)

    def sessions(self) -> tuple[PastSession, ...]:
        self._fail()
        return self.past

    def fields(self, session_id: str) -> tuple[PastField, ...]:
        self._fail()
        return () if session_id == EMPTY.id else FIELDS

    def picture(self, field: PastField) -> FieldPicture:
        self._fail()
        self.asked.append(field.id)
        frame, cells = fake.rendered(field.id)
        if field.image_dropped:
            blank = np.full_like(frame.pixels, 232)
            return FieldPicture(blank, cells, missing="its picture was deleted to make room, 2026-11-23")
        return FieldPicture(frame.pixels, cells)

    def _fail(self) -> None:
        error, self.error = self.error, None
        if error is not None:
            raise error
