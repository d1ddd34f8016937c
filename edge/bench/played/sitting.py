"""A whole session over played pictures; else as edge.commands.assembly puts it together."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from threading import Event as Bell

from edge.bench.played.camera import PlayedCamera
from edge.bench.played.engine import OneEngine, TimedEngine
from edge.cameras.reading.capture import Capture
from edge.counting.counter import CountingSettings, FieldCounter
from edge.frame import Pixels
from edge.loop.inference import Inference
from edge.loop.loop import Loop, Workers
from edge.loop.settings import LoopSettings
from edge.optics.freshness import Freshness
from edge.optics.gate import Gate, GateSettings
from edge.optics.judge import Judge
from edge.optics.stillness import Stillness
from edge.record.recorder import Recorder
from edge.record.recording import Recording
from edge.record.settings import RecordSettings
from edge.record.store.store import Store
from edge.session.origin import SessionOrigin
from edge.session.running_ledger import RunningLedger
from edge.slide.counted_area import CountedArea
from edge.slide.coverage import Coverage
from engines.opening import Opened

LIVE_SCALE_FRAMES = 15
"""As of a live camera."""


def played_sitting(
    folder: Path, pictures: Sequence[Pixels], rests: int, opened: Opened, engine: TimedEngine, *, engine_rests: bool = False
) -> Loop:
    """A session that records into `folder`, ready to start. With one frame a picture (`rests` 1) each counts as a field of its
    own, whatever it shares with others; else as on a live camera: what moves is refused, what is known is not counted again,
    and with `engine_rests` not even inferred.
    """
    bell, books = Bell(), RunningLedger()
    capture = Capture(lambda: PlayedCamera(pictures, rests), bell.set)
    counter = FieldCounter(engine, opened.manifest, CountingSettings(live_frames=LIVE_SCALE_FRAMES))
    origin = SessionOrigin(capture.info.name, False, opened.manifest.name, opened.file.sha256, opened.stamp)
    recording = Recording(
        lambda: Recorder(Store(folder), origin, RecordSettings(soft_free_bytes=2, hard_free_bytes=1)), books, bell.set,
        compare=counter.compared,
    )  # fmt: skip
    plan = LoopSettings(True, opened.manifest.name, engine.runtime, overlap_max=1.0 if rests == 1 else 0.05, rests=engine_rests)
    inference = Inference(OneEngine(opened, engine), counter.infer, bell.set)
    judge = Judge(Gate(GateSettings()), Freshness(), None if rests == 1 else Stillness())
    return Loop(Workers(capture, inference, recording, bell, books), judge, counter, CountedArea(Coverage()), plan)
