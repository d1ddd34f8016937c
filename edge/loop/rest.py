"""The stage rests on a field that is in the record, and the engine may rest too."""

from __future__ import annotations

from edge.counting.counter import FieldCounter
from edge.counting.field_count import FieldCount
from edge.frame import Frame
from edge.optics.verdict import Accepted
from edge.slide.counted_area import CountedArea

SHARPER = 1.02
"""By so much focus still improves: such a frame shows its cells better than the last, and is inferred."""


class Rest:
    """Knows the frames that show what was just counted, and recorded before: for the loop's thread."""

    def __init__(self, area: CountedArea, counter: FieldCounter) -> None:
        self._area, self._counter = area, counter
        self._last: tuple[FieldCount, float] | None = None

    def begin(self, count: FieldCount, verdict: Accepted) -> None:
        """A frame of a recorded field was counted once more."""
        self._last = count, verdict.quality.focus

    def end(self) -> None:
        """Something else is in view, or was done with the field."""
        self._last = None

    def count(self, frame: Frame, verdict: Accepted) -> FieldCount | None:
        """The count that holds for `frame` too, or None where it must be inferred: it shows another place or is sharper, or
        another method was chosen since."""
        if self._last is None:
            return None
        count, focus = self._last
        same = count.methods == self._counter.methods and verdict.quality.focus <= SHARPER * focus
        return count if same and self._area.still(frame.pixels) else None
