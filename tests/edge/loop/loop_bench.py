"""A loop with its real threads and a real store: a scripted camera, and a network that knows the answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Condition
from threading import Event as Bell
from types import TracebackType
from typing import Any

import numpy as np

from edge.cameras.camera import CameraInfo, CameraLost, CameraNotFound, EndOfFrames, FrameUnreadable
from edge.cameras.reading.backoff import Backoff
from edge.cameras.reading.capture import Capture
from edge.counting.cell import CellClass
from edge.counting.counter import CountingSettings, FieldCounter
from edge.counting.field_count import Scale
from edge.counting.seen import Asked, Clock, Inferred
from edge.frame import Frame, Pixels
from edge.loop.inference import Inference
from edge.loop.loop import Loop, Workers
from edge.loop.settings import LoopSettings
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate, GateSettings
from edge.optics.judge import Judge
from edge.optics.stillness import Stillness
from edge.record.recorder import Recorder
from edge.record.recording import Recording
from edge.record.settings import RecordSettings, SaveImages
from edge.record.store.reader import StoreReader
from edge.record.store.records import SessionState
from edge.record.store.store import Store
from edge.session.events import Event, FieldSeen, Notice, Severity, StatusChanged
from edge.session.ledger import FrameState
from edge.session.run_state import FinishReason, RunState
from edge.session.running_ledger import RunningLedger
from edge.slide.counted_area import CountedArea
from edge.slide.coverage import Coverage
from engines.contract import Engine, EngineError, InferenceFailed, RuntimeMissing, Tensor
from engines.manifest import Manifest
from engines.opening import Opened
from tests.edge.drawn import drawn_logits, opened
from tests.edge.fields import CARD, DIAMETER_PX, SHAPE, discs_of, pixels_of

WAIT_S = 30.0
"""Only ever waited in full by a test that fails."""
BLACK = np.zeros((*SHAPE, 3), np.uint8)


@dataclass(frozen=True)
class Shot:
    """One frame that the camera gives. `what`: good, black, unreadable, failing (inference), nan; `drops` frames of a live
    camera pass unread before it; `noise` makes another picture of the same spot."""

    spot: int = 0
    what: str = "good"
    drops: int = 0
    noise: int = 0


@dataclass(frozen=True)
class Lost:
    """The camera stops; then it is not found `refuses` times."""

    refuses: int = 0


Step = Shot | Lost | Callable[[], object]


class SteppedCamera:
    """Plays a script. A frame is given when the bench is ready for it."""

    def __init__(self, script: Sequence[Step], live: bool) -> None:
        self._script, self._live = list(script), live
        self._info = CameraInfo("scripted", "scripted", "microscope", live)
        self._changed = Condition()
        self.given = dict[int, Shot]()
        self.kept: list[Pixels] = []
        self.delivered = self.entered = self.exited = self.refuses = self.refused = 0
        self.ready: Callable[[], bool] = lambda: True
        self.closing: Callable[[], bool] = lambda: False
        self._sequence = 0

    @property
    def info(self) -> CameraInfo:
        return self._info

    def __enter__(self) -> SteppedCamera:
        self._sequence = 0
        if self.refuses:
            self.refuses -= 1
            self.refused += 1
            raise CameraNotFound("microscope: nothing is plugged in; plug it in")
        self.entered += 1
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.exited += 1

    def read(self) -> Frame:
        while not self.ready():
            with self._changed:
                self._changed.wait(0.002)
            if self.closing():
                raise EndOfFrames("microscope: nobody reads it any more")
        while self._script:
            step = self._script.pop(0)
            match step:
                case Lost(refuses):
                    self.refuses = refuses
                    raise CameraLost("microscope: unplugged; plug it in again")
                case Shot():
                    return self._frame(step)
                case _:
                    step()
        raise EndOfFrames("microscope: the script is over")

    def _frame(self, shot: Shot) -> Frame:
        self.delivered += 1
        if shot.what == "unreadable":
            raise FrameUnreadable("0007.jpg: truncated")
        if self._live:
            self._sequence += shot.drops
            self.delivered += shot.drops
        pixels = BLACK.copy() if shot.what == "black" else pixels_of(shot.spot, shot.noise).copy()
        self.kept.append(pixels)  # so that its id stays its own
        self.given[id(pixels)] = shot
        frame = Frame(pixels, self._sequence, "scripted")
        self._sequence += 1
        return frame


class OneEngine:
    """Gives this engine, and another like it after a failure as often as there are `spares`."""

    def __init__(self, make: Callable[[], Opened], spares: int = 0) -> None:
        self._make, self._spares = make, spares
        self._first: Opened | None = None
        self.closed = 0

    def first(self) -> Opened:
        self._first = self._first or self._make()
        return self._first

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        if self._spares == 0:
            raise RuntimeMissing("none is left")
        self._spares -= 1
        tell("opening another")
        return self._make()

    def proven(self) -> None:
        pass

    def close(self) -> None:
        self.closed += 1


class Knowing(FieldCounter):
    """Tells its bench which frame it prepares."""

    def __init__(self, bench: Bench, engine: Engine, manifest: Manifest, plan: CountingSettings) -> None:
        super().__init__(engine, manifest, plan)
        self._bench = bench

    def prepared(self, pixels: Pixels, scale: Scale, clock: Clock | None = None) -> Asked:
        asked = super().prepared(pixels, scale, clock)
        self._bench.know(asked, pixels)
        return asked


class Bench:
    """A loop on a script, with all that it said.

    A live camera gives a frame when the one before has come through, so that a slow machine drops none; `one_by_one` each
    when the one before has ended, and what was asked for is done.
    """

    def __init__(
        self, script: Sequence[Step], folder: Path, *, live: bool = False, auto: bool = True,
        store: Callable[[Path], Store] = Store, save: SaveImages = SaveImages.NONE, resume: bool = False, still: bool = False,
        spares: int = 0, one_by_one: bool = False, **plan: Any,
    ) -> None:  # fmt: skip
        self.camera, self.folder, self.events = SteppedCamera(script, live), folder, list[Event]()
        self.store = store(folder)
        self.books, self.bell = RunningLedger(), Bell()
        self.capture = Capture(lambda: self.camera, self.bell.set, backoff=Backoff(0.0, 0.0))
        self._shot = Shot()
        model = opened(self._answer)
        self.engines = OneEngine(lambda: opened(self._answer), spares)
        self._shots: dict[int, Shot] = {}
        self.counter = Knowing(self, model.engine, model.manifest, CountingSettings(cell_diameter_px=DIAMETER_PX))
        self.recording = Recording(
            lambda: Recorder(self.store, CARD, RecordSettings(save, resume)), self.books, self.bell.set,
            compare=self.counter.compared, retry_s=(0.0,),
        )  # fmt: skip
        self.inference: Inference = Inference(self.engines, self._infer, self.bell.set)
        judge = Judge(Gate(GateSettings()), Freshness() if live else None, Stillness() if still else None)
        workers = Workers(self.capture, self.inference, self.recording, self.bell, self.books)
        settings = LoopSettings(auto, "drawn", "fake", **plan)
        self.loop = Loop(workers, judge, self.counter, CountedArea(Coverage()), settings)
        self._one_by_one, self._live = one_by_one, live
        self.camera.ready = self._ready
        self.camera.closing = lambda: self.loop.status.run_state is RunState.FINISHING

    def _ready(self) -> bool:
        through = self.capture._shelf.taken + self.capture.dropped == self.camera.delivered and self.loop._line.empty
        if self._one_by_one:
            ended = sum(isinstance(event, FieldSeen) and event.state is not None for event in tuple(self.events))
            wishes = self.loop._wishes
            return through and ended == self.camera.delivered and wishes._wishes.empty() and wishes.next_slide is None
        return through or not self._live

    def know(self, asked: Asked, pixels: Pixels) -> None:
        self._shots[id(asked)] = self.camera.given[id(pixels)]

    def _infer(self, engine: Engine, asked: Asked, scale: Scale) -> Inferred:
        self._shot = self._shots[id(asked)]  # one frame is inferred at a time
        return self.counter.infer(engine, asked, scale)

    def _answer(self, tensor: Tensor) -> Tensor:
        shot = self._shot
        if shot.what == "failing":
            raise InferenceFailed("out of memory")
        logits = drawn_logits(discs_of(shot.spot), tensor.shape, 1.0)
        return logits * np.float32("nan") if shot.what == "nan" else logits

    def run(self, face: Callable[[Event], None] = lambda event: None) -> FinishReason:
        """`face` hears each event before the camera goes on."""

        def hear(event: Event) -> None:
            face(event)
            self.events.append(event)

        return self.loop.run(hear)

    def seen(self, state: FrameState | None) -> list[FieldSeen]:
        return [event for event in self.events if isinstance(event, FieldSeen) and event.state is state]

    def said(self, severity: Severity) -> str:
        return "\n".join(event.text for event in self.events if isinstance(event, Notice) and event.severity is severity)

    def states(self) -> list[RunState]:
        told = [event.status.run_state for event in self.events if isinstance(event, StatusChanged)]
        return [state for n, state in enumerate(told) if n == 0 or told[n - 1] is not state]

    def check_record(self, committed: Sequence[int] | None = None) -> None:
        """The ledger adds up, and the store says what the screen says. `committed` are the spots counted, in order."""
        status = self.loop.status
        assert status.run_state is RunState.FINISHED
        assert status.ledger.in_hand == 0
        with StoreReader(self.folder) as reader:
            session = reader.latest_session()
            fields = reader.session_fields(session.id)
            totals = reader.totals(reader.slides(session.id)[-1].id)
            cells = [len(reader.cells(field.id)) for field in fields]
        assert session.id == status.session_id
        assert session.ledger.counted == len(fields) == status.ledger.counted
        assert status.totals.fields == totals.fields
        assert {kind.value: number for kind, number in status.totals.cells.items() if number} == {
            kind: number for kind, number in totals.cells.items() if number
        }
        if status.finish_reason not in (FinishReason.STORE_FAILED, FinishReason.FAILED):
            names = [state.value for state in FrameState]
            assert {name: getattr(session.ledger, name) for name in names} == {n: getattr(status.ledger, n) for n in names}
            assert (session.state, session.finish_reason) == (SessionState.FINISHED, status.finish_reason.value)  # type: ignore[union-attr]
        if committed is not None:
            assert cells == [len(discs_of(spot)) for spot in committed]
            counted = [event.count for event in self.seen(FrameState.COUNTED)]
            assert cells == [len(count.cells) for count in counted if count is not None]
            assert status.totals.cells.get(CellClass.RBC, 0) == sum(cells)
