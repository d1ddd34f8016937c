"""A session as one HTML file: everything inlined, no scripts, printable."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from statistics import fmean, median, stdev

import jinja2
from markupsafe import Markup

from edge.cells.differential import NO_BLASTS, NOT_WHITE, PERSON, WANTED, Differential
from edge.counting.field_count import LOOK_AGAIN
from edge.plural import plural
from edge.record.store.reader import StoreReader
from edge.record.store.records import (
    CELL_CLASSES,
    EventRecord,
    FieldRecord,
    LedgerRecord,
    SessionRecord,
    SlideRecord,
    TotalsRecord,
)
from edge.reports.charts import Bar, bar_chart, histogram
from edge.reports.figures import INTERVAL_NOTE, PerField, per_field, ratio
from edge.reports.gallery import gallery
from edge.reports.pictures import STYLES, Picture, field_picture
from edge.reports.tables import FieldLabels
from engines.printable import printable

PICTURES_MAX = 8
LOOK_AGAIN_MAX = 5
EVENTS_MAX = 200
NAMES = {"rbc": "red cells (RBC)", "wbc": "white cells (WBC)", "plt": "platelets (PLT)"}
FRAME_STATES = ("counted", "duplicate", "rejected", "dropped", "failed")


@dataclass(frozen=True, slots=True)
class FieldLine:
    """One field as the tables name it: `label` is slide.field, `look_again` asks a person to."""

    record: FieldRecord
    label: str
    look_again: bool
    picture: Picture | None = None

    @property
    def doubt(self) -> str:
        """What speaks against the count, in words."""
        apart = f"methods {100.0 * self.record.disagreement.get('rbc', 0.0):.0f} % apart"
        return "; ".join(self.record.marks) or apart


@dataclass(frozen=True, slots=True)
class EventLine:
    """What happened to the session, after the field `after` (slide.field; None: before the first)."""

    record: EventRecord
    after: str | None


@dataclass(frozen=True, slots=True)
class SpecimenLine:
    """The slides of one specimen together; `name` is "" where nobody named it."""

    name: str
    slides: int
    totals: TotalsRecord
    figures: Mapping[str, PerField | None]
    ratios: Sequence[tuple[str, str]]

    @property
    def differential(self) -> Differential | None:
        """None where nothing named its white cells."""
        return Differential(self.totals.types) if self.totals.types else None


@dataclass(frozen=True, slots=True)
class SlideLine:
    record: SlideRecord
    totals: TotalsRecord
    figures: Mapping[str, PerField | None]


def session_report(store: StoreReader, session_id: str, pictures_max: int = PICTURES_MAX) -> str:
    """The report of a session (id or its beginning), all figures of one instant even while it is still logging.

    At most `pictures_max` fields are shown as pictures: those to look at again, then others spread over the session.
    Raises StoreError where the session is not there or cannot be read.
    """
    with store.snapshot():
        session = store.session(session_id)
        slides, fields = store.slides(session.id), store.session_fields(session.id, including_undone=True)
        labels = FieldLabels(slides, fields)
        fields = [field for field in fields if field.undone is None]
        lines = _field_lines(store, slides, fields, pictures_max)
        slide_lines = [_slide_line(store, slide, fields) for slide in slides]
        walls = gallery(store, fields, {field.id: labels.up_to(field.id) or "" for field in fields})
        totals = store.session_totals(session.id)
        diameters = store.diameters(session.id, "rbc")
        undone = store.undone(session.id)
        notes = [(labels.up_to(note.field_id), note) for note in store.notes(session.id)]
        events = [EventLine(event, labels.up_to(event.after_field)) for event in store.events(session.id)]
    return _template().render(
        session=session,
        kinds=[kind for kind in CELL_CLASSES if kind in totals.cells],
        slides=slide_lines,
        specimens=_specimen_lines(slide_lines, fields),
        totals=totals,
        lines=lines,
        undone=undone,
        notes=notes,
        events=events[-EVENTS_MAX:],
        events_left_out=max(0, len(events) - EVENTS_MAX),
        clock=clock_words(session, fields, sum(event.record.kind == "clock" for event in events)),
        sources=len({field.source for field in fields}) > 1,
        engines=list(dict.fromkeys(field.engine for field in fields if field.engine)),
        classifiers=list(dict.fromkeys(field.classifier for field in fields if field.classifier)),
        calibrations=list(dict.fromkeys(field.calibration for field in fields if field.calibration)),
        cells_lost=sum(sum(field.cells_lost.values()) for field in fields),
        pictures_dropped=sum(field.image_dropped is not None for field in fields),
        counts_chart=_counts_chart(lines),
        diameter_chart=_diameter_chart(diameters),
        walls=walls,
        ledger=_ledger(session.ledger),
        settings=printable(json.dumps(dict(session.settings), indent=2, ensure_ascii=False)),
        time_format="%H:%M:%S" if len({field.wall_time.date() for field in fields}) <= 1 else "%Y-%m-%d %H:%M:%S",
    )


def clock_words(session: SessionRecord, fields: Sequence[FieldRecord], jumps: int) -> str:
    """Whether the times may be believed, in one sentence."""
    said = [each for each in (session.clock_trusted, *(field.clock_trusted for field in fields)) if each is not None]
    words = "Times are by the device's own clock, which nobody checked."
    if said and all(said):
        words = "Times are by the device's own clock, which was set from the network."
    elif False in said:
        wrong = sum(field.clock_trusted is False for field in fields)
        words = (
            "Times are by the device's own clock, which was not set when the session began: they may be wrong by any amount."
        )
        if wrong:
            counted = plural(len(fields), "field")
            words = f"Times are by the device's own clock, which was not set when {wrong} of {counted} were counted."
    return words + (f" It was changed {jumps} time{'s' * (jumps != 1)} meanwhile." if jumps else "")


@cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters["moment"] = _moment
    text = resources.files("edge.reports").joinpath("session.html.j2").read_text("utf-8")
    return environment.from_string(
        text,
        globals={
            "names": NAMES, "styles": STYLES, "interval_note": INTERVAL_NOTE, "look_again_from": LOOK_AGAIN,
            "look_again_max": LOOK_AGAIN_MAX, "wanted": WANTED, "not_white": NOT_WHITE, "no_blasts": NO_BLASTS,
            "person": PERSON,
        },
    )  # fmt: skip


def _moment(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S} UTC"


def _field_lines(
    store: StoreReader, slides: Sequence[SlideRecord], fields: Sequence[FieldRecord], pictures_max: int
) -> list[FieldLine]:
    numbers = {slide.id: slide.number for slide in slides}
    doubtful = look_again(fields)
    shown = _shown(fields, doubtful, pictures_max)
    return [
        FieldLine(
            record=field,
            label=f"{numbers[field.slide_id]}.{field.number}",
            look_again=field.id in doubtful,
            picture=field_picture(store.folder, field, store.cells(field.id)) if field.id in shown else None,
        )
        for field in fields
    ]


def look_again(fields: Sequence[FieldRecord]) -> set[int]:
    """Ids of the fields that have a mark, and of those whose methods disagree most on red cells: at most five, from 10 % up."""
    highest = sorted(fields, key=lambda field: -field.disagreement.get("rbc", 0.0))[:LOOK_AGAIN_MAX]
    apart = {field.id for field in highest if field.disagreement.get("rbc", 0.0) >= LOOK_AGAIN}
    return apart | {field.id for field in fields if field.marks}


def _shown(fields: Sequence[FieldRecord], doubtful: set[int], pictures_max: int) -> set[int]:
    kept = [field.id for field in fields if field.image is not None]
    first = [field_id for field_id in kept if field_id in doubtful][:pictures_max]
    others = [field_id for field_id in kept if field_id not in doubtful]
    room = min(pictures_max - len(first), len(others))
    return {*first, *(others[index * len(others) // room] for index in range(room))}


def _figures(fields: Sequence[FieldRecord], kind: str) -> PerField | None:
    return per_field([field.counts[kind] for field in fields if kind in field.counts])


def _slide_line(store: StoreReader, slide: SlideRecord, fields: Sequence[FieldRecord]) -> SlideLine:
    own = [field for field in fields if field.slide_id == slide.id]
    return SlideLine(slide, store.totals(slide.id), {kind: _figures(own, kind) for kind in CELL_CLASSES})


def _specimen_lines(slides: Sequence[SlideLine], fields: Sequence[FieldRecord]) -> list[SpecimenLine]:
    """A line a specimen, in the order of its first slide: cells of two persons are never summed."""
    lines = []
    for name in dict.fromkeys(slide.record.specimen for slide in slides):
        own = [slide for slide in slides if slide.record.specimen == name]
        totals = [slide.totals for slide in own]
        kinds = [kind for kind in CELL_CLASSES if any(kind in each.cells for each in totals)]
        cells = {kind: sum(each.cells.get(kind, 0) for each in totals) for kind in kinds}
        types: Counter[str] = Counter()
        for each in totals:
            types.update(each.types)
        summed = TotalsRecord(fields=sum(each.fields for each in totals), cells=cells, types=types)
        ids = {slide.record.id for slide in own}
        figures = {kind: _figures([field for field in fields if field.slide_id in ids], kind) for kind in CELL_CLASSES}
        lines.append(SpecimenLine(name, len(own), summed, figures, _ratios(summed)))
    return lines


def _ratios(totals: TotalsRecord) -> list[tuple[str, str]]:
    cells = totals.cells
    return [("WBC : RBC", ratio(cells.get("wbc"), cells.get("rbc"))), ("PLT : RBC", ratio(cells.get("plt"), cells.get("rbc")))]


def _ledger(ledger: LedgerRecord) -> list[tuple[str, int]]:
    return [(state, getattr(ledger, state)) for state in FRAME_STATES]


def _counts_chart(lines: Sequence[FieldLine]) -> Markup | None:
    bars = [Bar(line.label, line.record.counts["rbc"], line.look_again) for line in lines if "rbc" in line.record.counts]
    if not bars:
        return None
    values = [bar.value for bar in bars]
    mean = sum(values) / len(values)
    text = f"Red cells by field: {plural(len(bars), 'field')}, from {min(values):g} to {max(values):g}, mean {mean:.1f}"
    return bar_chart(bars, text, "field (slide.field)", "red cells", mean)


def _diameter_chart(diameters: Sequence[tuple[float, float | None]]) -> tuple[Markup, str] | None:
    """The histogram, and what it shows in words."""
    in_um = [um for _, um in diameters if um is not None]
    values, unit = (in_um, "µm") if diameters and len(in_um) == len(diameters) else ([px for px, _ in diameters], "px")
    if not values:
        return None
    said = _spread_of(values, unit)
    return histogram(values, said, unit), said


def _spread_of(values: Sequence[float], unit: str) -> str:
    """How large and how alike the cells are; of their diameters, not of their volumes: an analyser's RDW is another figure."""
    said = f"{len(values)} red cells, median diameter {median(values):.2f} {unit}"
    if len(values) < 2:
        return said
    return f"{said}, mean {fmean(values):.2f}, coefficient of variation {100.0 * stdev(values) / fmean(values):.1f} %"
