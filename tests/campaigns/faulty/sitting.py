"""A whole session over parts that fail on demand; else as edge.commands.assembly puts it together."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from threading import Event as Bell

from edge.cameras.reading.backoff import Backoff
from edge.cameras.reading.capture import Capture
from edge.counting.counter import CountingSettings, FieldCounter
from edge.loop.inference import Inference
from edge.loop.loop import Clocks, Loop, Workers
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
from edge.session.wall_clock import WallWatch
from edge.slide.counted_area import CountedArea
from edge.slide.coverage import Coverage
from engines.contract import EngineError
from engines.opening import Opened
from engines.succession import Succession
from tests.campaigns.faulty.camera import FaultyCamera, rendered_spots
from tests.campaigns.faulty.engine import FaultyEngine
from tests.campaigns.faulty.switchboard import Switchboard

READ_TIMEOUT_S = 0.5
RELEASE_TIMEOUT_S = 0.3
DEADLINE_S = 1.5
"""Waits are shorter than a user's, so that a round takes seconds; what they lead to is the same."""
LEAST_FREE_BYTES = 300_000
"""Of a small disk that is filled for the purpose: pictures stop here, rows go on until it is really full."""


class FaultySupply:
    """The engines of `succession`, each behind the switchboard."""

    def __init__(self, succession: Succession, board: Switchboard) -> None:
        self._succession, self._board = succession, board
        self._first: Opened | None = None

    def first(self) -> Opened:
        if self._first is None:
            self._first = self._behind(self._succession.first())
        return self._first

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        return self._behind(self._succession.after(failed, tell))

    def proven(self) -> None:
        self._succession.proven()

    def close(self) -> None:
        self._succession.close()

    def _behind(self, opened: Opened) -> Opened:
        return replace(opened, engine=FaultyEngine(opened.engine, self._board))


def faulty_sitting(folder: Path, board: Switchboard, *, resume: bool, least_free_bytes: int = 0) -> Loop:
    """A session that records into `folder`, ready to start. Raises EngineError."""
    rendered_spots()  # takes longer than a read may
    supply = FaultySupply(Succession(), board)
    opened = supply.first()
    bell, books = Bell(), RunningLedger()
    backoff = Backoff(first_s=0.05, most_s=0.4)
    capture = Capture(
        lambda: FaultyCamera(board),
        bell.set,
        read_timeout_s=READ_TIMEOUT_S,
        release_timeout_s=RELEASE_TIMEOUT_S,
        backoff=backoff,
    )
    counter = FieldCounter(opened.engine, opened.manifest, CountingSettings(live_frames=15))
    manifest = SessionOrigin(capture.info.name, True, opened.manifest.name, opened.file.sha256, opened.stamp)
    plan = RecordSettings(resume=resume, soft_free_bytes=2 * least_free_bytes + 1, hard_free_bytes=least_free_bytes)
    recording = Recording(
        lambda: Recorder(Store(folder), manifest, plan), books, bell.set, compare=counter.compared, retry_s=(0.1, 0.2, 0.4)
    )
    inference = Inference(supply, counter.infer, bell.set, DEADLINE_S)
    loop_plan = LoopSettings(
        True, opened.manifest.name, opened.engine.runtime, read_timeout_s=READ_TIMEOUT_S, deadline_s=DEADLINE_S
    )
    judge = Judge(Gate(GateSettings()), Freshness(), Stillness())
    workers = Workers(capture, inference, recording, bell, books)
    return Loop(workers, judge, counter, CountedArea(Coverage()), loop_plan, Clocks(wall=WallWatch(board.wall_s)))
