"""Pictures on disk, counted one by one, each a field of its own."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from edge.cameras.images import read_picture
from edge.counting.counter import FieldCounter
from edge.counting.field_count import FieldCount
from edge.frame import Pixels
from edge.optics.gate import Gate
from edge.optics.verdict import Rejected, Verdict


@dataclass(frozen=True, slots=True, eq=False)
class CountedPicture:
    """A picture and what was found in it; `count` is None where the gate refused it: unknown, not zero."""

    path: Path
    pixels: Pixels
    verdict: Verdict
    count: FieldCount | None
    um_per_px: float | None
    ms: dict[str, float]


def count_picture(path: Path, gate: Gate, counter: FieldCounter, um_per_px: float | None) -> CountedPicture:
    """Read, judge and count one picture. Raises FrameUnreadable, InferenceFailed, CountingError, each naming what failed.

    Focus can be judged only once the cells' size is known, so that the gate is asked again after counting.
    """
    start = perf_counter()
    pixels = read_picture(path)
    read = perf_counter()
    verdict = gate.judge(pixels, None)
    judged = perf_counter()
    ms = {"read": 1000.0 * (read - start), "gate": 1000.0 * (judged - read)}
    if isinstance(verdict, Rejected):
        return CountedPicture(path, pixels, verdict, None, um_per_px, ms)
    count = counter.count(pixels, um_per_px)
    ms |= count.ms
    start = perf_counter()
    verdict = gate.judge(pixels, count.scale.cell_diameter_px)
    ms["gate"] += 1000.0 * (perf_counter() - start)
    return CountedPicture(path, pixels, verdict, None if isinstance(verdict, Rejected) else count, um_per_px, ms)
