"""Snapshots of sessions that never were."""

from __future__ import annotations

from dataclasses import replace

from edge.counting.cell import CellClass
from edge.session.events import Status
from edge.session.ledger import Ledger
from edge.session.run_state import RunState
from edge.slide.totals import SlideTotals

USUAL = Status(
    "20260101-000000", RunState.STREAMING, "/dev/video0", False, "field", "cpu", SlideTotals("slide 1"), Ledger(), {}, True
)  # fmt: skip


def status(state: RunState = RunState.STREAMING, captured: int = 0, at_s: float = 0.0, **changes: object) -> Status:
    """A session whose loop went round at `at_s` and which has taken `captured` frames by then."""
    fresh = replace(USUAL, run_state=state, ledger=Ledger(captured=captured), turned_s=at_s, frame_s=0.0)
    return replace(fresh, **changes)  # type: ignore[arg-type]


def counted(fields: int, cells: dict[CellClass, int]) -> SlideTotals:
    return SlideTotals("slide 1", fields, cells)
