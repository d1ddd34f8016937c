"""What the instruments say: slide, last fields, types, focus, light, scale, camera, engine, disk."""

from __future__ import annotations

from collections.abc import Iterator

from rich.text import Text

from edge.cells.differential import WANTED, Differential, short
from edge.counting.cell import CellClass
from edge.counting.field_count import Scale
from edge.counting.signs import SIGNS
from edge.optics.verdict import Quality
from edge.session.events import Disk, DiskLevel, Status
from edge.tui.widgets.gauge import gauge, sparkline, spread
from edge.tui.widgets.rows import Rows, labelled
from edge.tui.widgets.verdict import BAD, LOOK

_LABEL_COLUMNS = 8
_CLOCKS = {True: "clock set", False: "clock not set", None: ""}
_DISKS = {DiskLevel.OK: ("", ""), DiskLevel.LOW: ("! LOW ", LOOK), DiskLevel.FULL: ("! FULL ", BAD)}
_SPREAD_COLUMNS = 10
_NARROW = 40
Row = tuple[str, str, str]


class Instruments(Rows):
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
        if status.quality is not None:
            self._best_focus = max(self._best_focus, status.quality.focus)
        self._status = status
        self.update_rows()

    def rows(self) -> list[Text]:
        rows = () if self._status is None else self._read(self._status)
        return [labelled(label, value, _LABEL_COLUMNS, style) for label, value, style in rows]

    def _read(self, status: Status) -> Iterator[Row]:
        totals = status.totals
        specimen = f" · {status.specimen}" if status.specimen else ""
        yield "slide", f"{totals.slide} · {totals.fields} {'field' if totals.fields == 1 else 'fields'}{specimen}", ""
        yield from self._last_fields(status)
        if totals.types:
            yield "types", *_types(Differential(totals.types))
        yield "focus", _focus(status.quality, self._best_focus), ""
        yield "light", _light(status.quality, whole=self.size.width > _NARROW), ""
        yield "scale", _scale(status.scale), ""
        yield "camera", f"{status.frames_per_s:.1f}/s · {status.camera}", ""
        yield "engine", f"{status.latency_ms:.0f} ms · {status.runtime}", ""
        yield "disk", *_disk(status.disk, status.clock_trusted)
        yield "model", status.model, ""
        yield "overlap", f"{100 * status.overlap:.0f} % already counted", ""
        yield "session", status.session_id, ""

    def _last_fields(self, status: Status) -> Iterator[Row]:
        """One line for the first class where room is short, one for each where it is not."""
        kinds = [kind for kind in SIGNS if kind in status.methods] or [CellClass.RBC]
        columns = self.size.width - _LABEL_COLUMNS - 1 - _SPREAD_COLUMNS
        for kind in kinds if self.size.height > 12 else kinds[:1]:
            numbers = [past.counts.get(kind) for past in status.recent]
            shown = numbers[-columns:]
            value = f"{sparkline(shown, columns)} {spread(shown)}" if numbers else "no field yet"
            yield f"last {SIGNS[kind].letter}", value, SIGNS[kind].colour if numbers else "dim"


def _types(found: Differential) -> tuple[str, str]:
    """The white cells by type, the most frequent first, of as many as a differential wants; in the colour that asks to look."""
    shares = " ".join(f"{short(row.name)} {row.share:.0%}" for row in found.rows)
    return f"{found.white}/{WANTED} {shares}", LOOK if found.asks else ""


def _focus(quality: Quality | None, best: float) -> str:
    if quality is None:
        return "—"
    if best <= 0.0:
        return f"{quality.focus:.3g}"
    return f"{gauge(quality.focus / best)} {100 * quality.focus / best:.0f} % of best · {quality.focus:.3g}"


def _light(quality: Quality | None, *, whole: bool) -> str:
    """The mean brightness, and the share of pixels at the sensor's limit; the `whole` has contrast too."""
    if quality is None:
        return "—"
    clipped = 100 * quality.saturated
    contrast = f" · contrast {100 * quality.contrast:.0f} %" if whole else ""
    return f"{gauge(quality.brightness)} {100 * quality.brightness:.0f} % · clip {clipped:.0f} %{contrast}"


def _scale(scale: Scale | None) -> str:
    """The red cell diameter in pixels of the frame, its spread and where it came from."""
    if scale is None:
        return "—"
    across = f" ±{100 * scale.spread:.0f} %" if scale.spread else ""
    return f"{scale.cell_diameter_px:.1f} px{across} · {scale.source.words}"


def _disk(disk: Disk | None, clock_trusted: bool | None) -> tuple[str, str]:
    """What is left in words and its style; and whether the wall clock was set, where that is known."""
    clock = _CLOCKS[clock_trusted]
    if disk is None:
        return clock or "—", LOOK if clock_trusted is False else ""
    mark, style = _DISKS[disk.level]
    words = f"{mark}{_bytes(disk.free_bytes)}{'' if mark else ' free'}" + (f" · {clock}" if clock else "")
    return words, style or (LOOK if clock_trusted is False else "")


def _bytes(number: int) -> str:
    gigabytes = number / 1e9
    return f"{gigabytes:.0f} GB" if gigabytes >= 100 else f"{gigabytes:.1f} GB" if gigabytes >= 1 else f"{number / 1e6:.0f} MB"
