"""One session over played pictures, timed against the bare run of the model in the same process."""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from threading import Event as Flag
from threading import Thread
from time import process_time

import numpy as np

from edge.bench.played.engine import TimedEngine
from edge.bench.played.sitting import played_sitting
from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.logits import counts_of
from edge.frame import Pixels
from edge.session.events import Event, FieldSeen, Session, Status, StatusChanged, Subscriber
from edge.session.run_state import RunState
from edge.session.wishes import Wish
from engines.contract import Tensor
from engines.opening import Runtime, open_model
from engines.prepare import prepare

WARM_RUNS = 40
"""The first runs allocate, and measure the scale of each frame."""
BARE_RUNS = 60
SCALE_FIELDS = 15

Face = Callable[["Watched"], None]
"""Shows a session from its start to its end."""


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one session, in milliseconds. `bare_ms` is the model's run alone, the median before and after; `frame_ms` the median
    time from one inferred frame to the next and `mean_ms` the mean, into which refused frames (the stage moves) and commits go
    too; `run_ms` the median of the model's run meanwhile; `bare_cpu_ms` and `cpu_ms` are the processor time of all threads, on
    average, of those `inferred`. `ends` are the frames by their state in the ledger."""

    bare_ms: float
    bare_cpu_ms: float
    frame_ms: float
    mean_ms: float
    cpu_ms: float
    run_ms: float
    frames: int
    inferred: int
    ends: dict[str, int]

    @property
    def ratio(self) -> float:
        return self.frame_ms / self.bare_ms

    @property
    def inferred_share(self) -> float:
        """How many of the frames went through the engine, 0..1."""
        return self.inferred / sum(self.ends.values())


class Watched:
    """Another session; `finished` is set when it is over."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self.finished = Flag()

    @property
    def status(self) -> Status:
        return self._session.status

    def start(self, subscriber: Subscriber) -> None:
        def hear(event: Event) -> None:
            subscriber(event)
            if isinstance(event, StatusChanged | FieldSeen) and event.status.run_state is RunState.FINISHED:
                self.finished.set()

        self._session.start(hear)

    def request(self, wish: Wish) -> None:
        self._session.request(wish)

    def close(self) -> None:
        self._session.close()


def headless(session: Watched) -> None:
    session.start(lambda _: None)
    session.finished.wait()
    session.close()


def in_terminal(session: Watched) -> None:
    """In the terminal that this process has."""
    from edge.tui.app import HemoCamApp

    app = HemoCamApp(["played pictures"], lambda _: session, open_errors=())

    def leave() -> None:
        session.finished.wait()
        app.call_from_thread(app.call_later, app.action_quit)

    Thread(target=leave, daemon=True).start()
    app.run()


def measured(
    pictures: Sequence[Pixels], rests: int, face: Face, model: str, runtime: Runtime, *, engine_rests: bool = False
) -> Figures:
    """Play `pictures`, `rests` frames each, to a session that `face` shows. Raises EngineError."""
    opened = open_model(model, runtime, counting=counts_of)
    with opened.engine:
        counter = FieldCounter(opened.engine, opened.manifest, CountingSettings(live_frames=SCALE_FIELDS))
        diameters = [counter.see(each).scale.cell_diameter_px for each in pictures[:SCALE_FIELDS]]
        tensors = [prepare(each, median(diameters), opened.manifest.preparing()).tensor for each in pictures[:SCALE_FIELDS]]
        bare = TimedEngine(opened.engine)
        bare_cpu_s = _run(bare, tensors)
        timed = TimedEngine(opened.engine)
        with tempfile.TemporaryDirectory(prefix="hemocam-loop-") as folder:
            session = Watched(played_sitting(Path(folder), pictures, rests, opened, timed, engine_rests=engine_rests))
            face(session)
            ledger = session.status.ledger
        bare_cpu_s += _run(bare, tensors)
    warm = min(WARM_RUNS, len(timed.ended_s) // 2)
    between_ms = 1000.0 * np.diff(timed.ended_s[warm:])
    return Figures(
        1000.0 * median(bare.took_s), 1000.0 * bare_cpu_s / (2 * BARE_RUNS),
        float(np.median(between_ms)), float(np.mean(between_ms)),
        1000.0 * (timed.cpu_s[-1] - timed.cpu_s[warm]) / len(between_ms), 1000.0 * median(timed.took_s[warm:]), len(between_ms),
        len(timed.ended_s),
        {name: getattr(ledger, name) for name in ("counted", "duplicate", "rejected", "dropped", "failed")},
    )  # fmt: skip


def _run(engine: TimedEngine, tensors: Sequence[Tensor]) -> float:
    """Run it BARE_RUNS times; gives the processor time of the process meanwhile, in seconds."""
    for tensor in tensors[:3]:
        engine.run(tensor)
    del engine.took_s[-3:]
    start = process_time()
    for number in range(BARE_RUNS):
        engine.run(tensors[number % len(tensors)])
    return process_time() - start


def main(asked: str, answer: str) -> None:
    """What the child process of `hemocam bench loop` does: `asked` is JSON, the figures go into the file `answer`."""
    from edge.cameras.images import read_picture

    question = json.loads(asked)
    pictures = [read_picture(Path(path)) for path in question["pictures"]]
    face = in_terminal if question["terminal"] else headless
    figures = measured(
        pictures,
        question["rests"],
        face,
        question["model"],
        Runtime(question["runtime"]),
        engine_rests=question["engine_rests"],
    )
    Path(answer).write_text(json.dumps(asdict(figures)), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
