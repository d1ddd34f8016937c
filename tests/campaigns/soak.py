"""A long sitting at the simulated slide, watched for leaks and for a ledger that does not add up."""

from __future__ import annotations

import logging
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, sleep
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.bench.options import ModelName, RuntimeName, note
from edge.counting.logits import counts_of
from edge.record.store.reader import StoreReader
from edge.session.events import Event, Notice, Session, Severity, Status
from edge.session.ledger import FrameState
from edge.session.run_state import RunState
from edge.session.wishes import NewSlide, Request
from engines.model_names import DEFAULT_MODEL
from engines.opening import Runtime
from tests.campaigns.footprint import Footprint, footprint

SETTLED_S = 180.0
"""Memory is compared with what it was by then: models, caches and the allocator's arenas are warm."""
SAMPLED_EVERY_S = 5.0
NEW_SLIDE_EVERY_S = 60.0
"""The simulated glass is seen through in a minute; on a new slide its fields are new: fields are recorded to the end."""
MOST_GROWTH = 0.05


@dataclass(frozen=True, slots=True)
class Sample:
    """The session at one moment, `at_s` seconds after it began."""

    at_s: float
    footprint: Footprint
    status: Status


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a soak showed. `growth` is of resident memory, relative; `mismatches` are statuses whose ledger did not add up,
    and a record that at the end did not say what the screen did."""

    minutes: float
    settled: Sample
    last: Sample
    status: Status
    mismatches: int
    errors: tuple[str, ...]

    @property
    def growth(self) -> float:
        return self.last.footprint.resident_bytes / self.settled.footprint.resident_bytes - 1.0

    @property
    def passed(self) -> bool:
        return (
            self.growth <= MOST_GROWTH
            and self.last.footprint.threads <= self.settled.footprint.threads
            and self.last.footprint.descriptors <= self.settled.footprint.descriptors
            and not self.mismatches
            and not self.errors
            and self.status.ledger.counted > 0
        )


class Watcher:
    """Subscribes to the session: keeps its errors and checks each status that it is told."""

    def __init__(self) -> None:
        self.errors: list[str] = []
        self.mismatches = 0
        self._captured = 0

    def __call__(self, event: Event) -> None:
        if isinstance(event, Notice):
            if event.severity is Severity.ERROR:
                self.errors.append(event.text)
            return
        ledger = event.status.ledger
        # Ledger refuses more ends than frames itself; that frames vanish again would be its other lie.
        self.mismatches += ledger.captured < self._captured or ledger.captured != ledger.ended + ledger.in_hand
        self._captured = ledger.captured


def watched(session: Session, folder: Path, minutes: float, settled_s: float = SETTLED_S) -> Verdict:
    """Run `session`, which records into `folder`, for `minutes`, beginning a new slide every minute; see Verdict."""
    watcher, samples = Watcher(), list[Sample]()
    session.start(watcher)
    began_s = slide_s = monotonic()
    try:
        while (now_s := monotonic()) - began_s < 60.0 * minutes and session.status.run_state is not RunState.FINISHED:
            if now_s - slide_s >= NEW_SLIDE_EVERY_S:
                session.request(NewSlide())
                slide_s = now_s
            sleep(min(SAMPLED_EVERY_S, 60.0 * minutes / 20))
            samples.append(Sample(monotonic() - began_s, footprint(), session.status))
        session.request(Request.STOP)
    finally:
        session.close()
    status = session.status
    settled, last = settled_and_last(samples, min(settled_s, 30.0 * minutes))
    mismatches = watcher.mismatches + _record_differs(folder, status)
    return Verdict(minutes, settled, last, status, mismatches, tuple(watcher.errors))


def settled_and_last(samples: Sequence[Sample], settled_s: float) -> tuple[Sample, Sample]:
    """Two samples to compare, of the minute before `settled_s` and of the last: the most of the one against the least of the
    other. What comes and goes (a picture that is being written) is in neither, what leaks is in the last alone."""
    early = [each for each in samples if settled_s - 60.0 <= each.at_s <= settled_s] or [samples[0]]
    late = [each for each in samples if each.at_s >= samples[-1].at_s - 60.0 and each.at_s > settled_s] or [samples[-1]]
    return _of(early, max), _of(late, min)


def _of(samples: Sequence[Sample], pick: Callable[[list[int]], int]) -> Sample:
    prints = [each.footprint for each in samples]
    picked = Footprint(*(pick([getattr(each, name) for each in prints]) for name in Footprint.__slots__))
    return replace(samples[-1], footprint=picked)


def _record_differs(folder: Path, status: Status) -> int:
    """1 where the record's ledger or its fields are not what the screen said last, or a frame is still in hand."""
    with StoreReader(folder) as reader:
        record = reader.session(status.session_id)
        same = all(getattr(record.ledger, state.value) == getattr(status.ledger, state.value) for state in FrameState)
        fields = len(reader.session_fields(status.session_id))
    return int(not same or fields != status.ledger.counted or status.ledger.in_hand != 0)


def soak(
    minutes: Annotated[float, typer.Option(help="How long.", min=0.1)] = 30.0,
    frames_per_s: Annotated[float, typer.Option(help="What the simulated slide gives.", min=1.0, max=200.0)] = 30.0,
    model: ModelName = DEFAULT_MODEL,
    runtime: RuntimeName = Runtime.CPU,
) -> None:
    """Log the simulated slide for a long time; fails on growth of memory, threads or descriptors, and on a wrong ledger."""
    from edge.commands.assembly import camera_for, session, session_settings
    from edge.config import Config
    from engines.succession import Succession

    logging.getLogger().addHandler(logging.NullHandler())  # what went wrong is told at the end
    engines = Succession(model, runtime, counting=counts_of, tell=note)
    with tempfile.TemporaryDirectory(prefix="hemocam-soak-") as folder:
        camera = {"kind": "simulated_slide", "frames_per_s": frames_per_s}
        config = Config.model_validate({"camera": camera, "store": {"folder": folder}})
        sitting = session(lambda: camera_for(config), engines, session_settings(config, engines.first()))
        verdict = watched(sitting, Path(folder), minutes)
    ledger = verdict.status.ledger
    before, after = verdict.settled.footprint, verdict.last.footprint
    moments = [f"after {each.at_s / 60:.1f} min" for each in (verdict.settled, verdict.last)]
    table = Table("", *moments, box=None, title=f"{minutes:g} minutes at {frames_per_s:g} frames/s")
    memory = f"{after.resident_bytes / 2**20:.0f} MB ({verdict.growth:+.1%})".replace("%", " %")
    table.add_row("memory", f"{before.resident_bytes / 2**20:.0f} MB", memory)
    table.add_row("threads", str(before.threads), str(after.threads))
    table.add_row("file descriptors", str(before.descriptors), str(after.descriptors))
    console = Console()
    console.print(table)
    ends = " + ".join(f"{getattr(ledger, state.value)} {state.value}" for state in FrameState)
    console.print(f"{ledger.captured} frames = {ends}; {verdict.mismatches} mismatches; {len(verdict.errors)} errors")
    for text in dict.fromkeys(verdict.errors):
        console.print(f"  {text}", markup=False)
    if not verdict.passed:
        raise typer.Exit(1)
