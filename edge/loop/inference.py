"""The inference thread: one frame at a time, each with a deadline, and another engine where one fails."""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from queue import SimpleQueue
from threading import Lock, Thread
from time import monotonic
from typing import Protocol

from edge.counting.errors import CountingError
from edge.counting.field_count import Scale
from edge.counting.seen import Asked, Inferred
from edge.loop.inference_news import (
    EngineGone,
    EngineReady,
    EngineRepairing,
    InferenceDone,
    InferenceMissed,
    InferenceNews,
)
from edge.plural import plural
from engines.contract import Engine, EngineError, InferenceFailed
from engines.finite import FiniteEngine
from engines.opening import Opened

log = logging.getLogger(__name__)

MISSED_IN_A_ROW = 3
"""One frame may be at fault; so many, one after another, are the engine's."""
PROVEN_AFTER = 1000
"""Frames without a fault, a minute at 15 a second, after which an engine is worth opening anew once more."""
OPENING_S = 1800.0
"""A TensorRT plan is built in 1 to 10 minutes on a Jetson; what takes longer hangs in its driver."""
CLOSING_S = 10.0
"""An inference takes 20 ms to a few seconds; a thread that is not back by then is left to end by itself."""


class EngineSupply(Protocol):
    """Where engines come from (engines.succession.Succession). Called on the inference threads; `after` may be called while
    an earlier call still hangs."""

    def first(self) -> Opened:
        """The engine to begin with. Raises EngineError."""
        ...

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        """The one to go on with; `tell` hears what is being done. Raises EngineError where none is left."""
        ...

    def proven(self) -> None:
        """The engine in use has worked for long."""
        ...

    def close(self) -> None:
        """Release what `first` opened, where it was never taken into use."""
        ...


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    token: int
    asked: Asked
    scale: Scale


@dataclass(slots=True, eq=False)
class _Worker:
    """One thread; who is no longer `Inference._worker` was left behind, and nothing it says is heard."""

    tasks: SimpleQueue[_Task | None] = field(default_factory=SimpleQueue)
    thread: Thread | None = None


class _Then(Enum):
    """What follows what a worker tells."""

    READY = "the next frame may begin"
    REPAIR = "another engine is opened"
    GONE = "nothing"
    AS_BEFORE = "what was going on"


class Inference:
    """Runs `infer` on a thread of its own, with an engine that it opens, repairs and closes there.

    A frame that fails, whose output is not finite or that is late is InferenceMissed, and never an empty field. After 3 missed
    frames in a row the engine is closed and the supply asked for another; a thread that is late or hangs while it opens is
    left behind (it closes its engine should it ever come back) and another one takes over. All methods but the workers' own
    are for one thread, the loop's.
    """

    def __init__(
        self, supply: EngineSupply, infer: Callable[[Engine, Asked, Scale], Inferred], wake: Callable[[], object],
        deadline_s: float = 30.0, *, opening_s: float = OPENING_S, clock: Callable[[], float] = monotonic,
    ) -> None:  # fmt: skip
        """`infer` is FieldCounter.infer; `wake` is called, from any thread, when there is news. `deadline_s` is what one frame
        may take, `opening_s` what opening an engine may."""
        self._supply, self._infer, self._wake, self._clock = supply, infer, wake, clock
        self._deadline_s, self._opening_s = deadline_s, opening_s
        self._lock = Lock()
        self._news: deque[InferenceNews] = deque()  # one a frame and a few a repair: the loop takes them all
        self._worker: _Worker | None = None
        self._task: _Task | None = None
        self._ready = self._started = False
        self._due_s: float | None = None

    @property
    def busy(self) -> bool:
        """A frame is in work, or no engine is ready (opening, repairing, gone, closed): `begin` must not be called."""
        with self._lock:
            return self._task is not None or not self._ready

    def start(self) -> None:
        """Open the first engine; EngineReady or EngineGone tells what came of it."""
        with self._lock:
            self._started = True
            self._set_out(None)

    def begin(self, token: int, asked: Asked, scale: Scale) -> None:
        """Infer what was prepared of a frame at `scale`: exactly one InferenceDone or InferenceMissed follows. Raises
        RuntimeError while `busy`."""
        with self._lock:
            if self._task is not None or not self._ready or self._worker is None:
                raise RuntimeError("a frame is in work already, or no engine is ready: look at `busy` first")
            self._task = _Task(token, asked, scale)
            self._due_s = self._clock() + self._deadline_s
            self._worker.tasks.put(self._task)

    def take(self) -> InferenceNews | None:
        """The next news, or None; never blocks. It is here that lateness is seen: call it at least every 0.25 s."""
        with self._lock:
            if self._due_s is not None and self._clock() > self._due_s:
                self._leave_behind()
            return self._news.popleft() if self._news else None

    def close(self) -> None:
        """Release the engine, at most 10 s after the frame in work; a frame in work is not told any more. Also before
        `start`, and twice."""
        with self._lock:
            worker, self._worker = self._worker, None
            self._task, self._due_s, self._ready = None, None, False
        if not self._started:
            return self._supply.close()
        if worker is not None and worker.thread is not None:
            worker.tasks.put(None)
            worker.thread.join(CLOSING_S)
            if worker.thread.is_alive():
                log.error("the inference thread does not come back; it is left behind, its engine open until it ends")
        return None

    # Under the lock.

    def _set_out(self, failed: EngineError | None) -> None:
        self._ready, self._task, self._due_s = False, None, self._clock() + self._opening_s
        worker: _Worker = _Worker()
        self._worker = worker
        # A daemon: a thread that hangs in a driver must not keep the program from ending.
        worker.thread = Thread(target=self._work, args=(worker, failed), name="inference", daemon=True)
        worker.thread.start()

    def _leave_behind(self) -> None:
        failed: EngineError
        if self._task is not None:
            failed = late = InferenceFailed(f"no answer within {self._deadline_s:g} s; this field is unknown")
            self._news.append(InferenceMissed(self._task.token, late))
        else:
            failed = EngineError(f"no engine was open within {self._opening_s:g} s")
        log.error("%s; the inference thread is left behind", failed)
        self._news.append(EngineRepairing(str(failed)))
        self._set_out(failed)

    # The worker's thread from here on.

    def _work(self, worker: _Worker, failed: EngineError | None) -> None:
        def say(text: str) -> None:
            self._tell(worker, EngineRepairing(text), _Then.AS_BEFORE)

        try:
            while True:
                opened = self._supply.first() if failed is None else self._supply.after(failed, say)
                text = "" if failed is None else f"{opened.stamp} computes from here on"
                with opened.engine as engine:
                    if not self._tell(worker, EngineReady(opened, text), _Then.READY):
                        return
                    failed = self._serve(worker, FiniteEngine(engine))
                if failed is None:
                    return
        except EngineError as error:
            self._tell(worker, EngineGone(error), _Then.GONE)
        except Exception as error:
            log.exception("the inference thread failed")
            gone = EngineError(f"inference ended by a fault of HemoCam's ({type(error).__name__}: {error}); the log says where")
            self._tell(worker, EngineGone(gone), _Then.GONE)

    def _serve(self, worker: _Worker, engine: Engine) -> EngineError | None:
        """Frame after frame; gives why the engine must go, None where the worker must."""
        missed = good = 0
        while (task := worker.tasks.get()) is not None:
            news = self._one(engine, task)
            if isinstance(news, InferenceDone):
                missed, good = 0, good + 1
                if good % PROVEN_AFTER == 0:
                    self._supply.proven()
            elif isinstance(news.error, InferenceFailed):
                missed += 1
                if missed == MISSED_IN_A_ROW:
                    failed = InferenceFailed(f"{plural(missed, 'frame')} in a row failed on {engine.runtime}: {news.error}")
                    heard = self._tell(worker, news, _Then.REPAIR)
                    return failed if heard and self._tell(worker, EngineRepairing(str(failed)), _Then.AS_BEFORE) else None
            if not self._tell(worker, news, _Then.READY):
                return None
        return None

    def _one(self, engine: Engine, task: _Task) -> InferenceDone | InferenceMissed:
        try:
            return InferenceDone(task.token, self._infer(engine, task.asked, task.scale))
        except (InferenceFailed, CountingError) as error:
            return InferenceMissed(task.token, error)
        except Exception as error:
            # A fault of ours or of a library's (cv2.error, MemoryError): the frame is as unknown as with any other.
            log.exception("inference failed")
            return InferenceMissed(task.token, InferenceFailed(f"{type(error).__name__}: {error}; the log says where"))

    def _tell(self, worker: _Worker, news: InferenceNews, then: _Then) -> bool:
        """Whether anybody hears this worker still."""
        with self._lock:
            if worker is not self._worker:
                return False
            self._news.append(news)
            if then is not _Then.AS_BEFORE:
                self._task, self._ready = None, then is _Then.READY
                self._due_s = self._clock() + self._opening_s if then is _Then.REPAIR else None
        self._wake()
        return True
