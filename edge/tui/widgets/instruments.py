"""What the instruments say: slide, focus, scale, rate, camera, model."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text
from textual.widget import Widget

from edge.counting.field_count import Scale, ScaleSource
from edge.session import Status

_LABEL_COLUMNS = 8
_SOURCES = {ScaleSource.CALIBRATED: "from µm/px", ScaleSource.GIVEN: "given", ScaleSource.ESTIMATED: "estimated"}


class Instruments(Widget):
    """A line each, the most needed first; what does not fit at the bottom is left out.

    Focus has no unit, so it is shown against the best of this slide too: that is what the fine focus is turned by.
    """

    def __init__(self) -> None:
        super().__init__()
        self._status: Status | None = None
        self._best_focus = 0.0

    def show(self, status: Status) -> None:
        if self._status is None or self._status.totals.slide != status.totals.slide:
            self._best_focus = 0.0
        self._best_focus = max(self._best_focus, status.focus or 0.0)
        self._status = status
        self.refresh()

    def render(self) -> Text:
        if self._status is None:
            return Text()
        rows = list(self._rows(self._status))
        lines = [Text.assemble((f" {label:{_LABEL_COLUMNS}}", "dim"), value) for label, value in rows]
        for line in lines:
            line.truncate(self.size.width, overflow="ellipsis")
        return Text("\n", no_wrap=True).join(lines)

    def _rows(self, status: Status) -> Iterator[tuple[str, str]]:
        totals = status.totals
        slide = f"{totals.slide} · {totals.fields} {'field' if totals.fields == 1 else 'fields'}"
        rate = f"{status.frames_per_s:.1f} frames/s · {status.latency_ms:.0f} ms"
        yield "slide", slide
        yield "focus", self._focus(status.focus)
        yield "scale", _scale(status.scale)
        yield "rate", rate
        yield "camera", status.camera
        yield "model", status.model
        yield "runtime", status.runtime
        yield "overlap", f"{status.overlap:.0%} already counted".replace("%", " %")
        yield "session", status.session_id

    def _focus(self, focus: float | None) -> str:
        if focus is None:
            return "—"
        if self._best_focus <= 0.0:
            return f"{focus:.3g}"
        return f"{focus:.3g} · {100 * focus / self._best_focus:.0f} % of best"


def _scale(scale: Scale | None) -> str:
    """The red cell diameter in pixels of the frame, its spread and where it came from."""
    if scale is None:
        return "—"
    spread = f" ±{100 * scale.spread:.0f} %" if scale.spread else ""
    return f"{scale.cell_diameter_px:.1f} px{spread} · {_SOURCES[scale.source]}"
