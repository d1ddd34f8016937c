"""A build's progress: TensorRT's own where it tells it (10 and later), else a sign of life."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from engines.tensorrt.binding import TensorRT

Progress = Callable[[str, int, int], None]
"""(phase, steps done, steps in all). Called from any thread. Steps in all are 0 where nobody knows: then done are seconds."""
HEARTBEAT_S = 2.0


class Reporting:
    """The way from TensorRT to the caller. `error` is what the caller's function raised, to be raised anew after the build."""

    def __init__(self, tell: Progress) -> None:
        self._tell = tell
        self._lock = threading.Lock()
        self._steps: dict[str, int] = {}
        self.error: BaseException | None = None

    def start(self, phase: str, steps: int) -> None:
        self._steps[phase] = steps
        self.tell(phase, 0, steps)

    def finish(self, phase: str) -> None:
        steps = self._steps.pop(phase, 0)
        self.tell(phase, steps, steps)

    def step(self, phase: str, step: int) -> bool:
        """Whether to go on building."""
        return self.tell(phase, step + 1, self._steps.get(phase, 0))

    def tell(self, phase: str, done: int, steps: int) -> bool:
        """Tell the caller, one thread at a time; False once its function has raised. C++ cannot carry a Python exception, and a
        Ctrl-C lands here too: it is kept, the build is called off, and the builder raises it."""
        with self._lock:
            if self.error is None:
                try:
                    self._tell(phase, done, steps)
                except BaseException as error:  # noqa: BLE001  # raised anew by building.build
                    self.error = error
            return self.error is None


@contextmanager
def reported(trt: TensorRT, config: Any, tell: Progress | None) -> Iterator[None]:
    """While the `with` lasts, `tell` hears of the build with this config. Raises what `tell` raised, at the end."""
    if tell is None:
        yield
        return
    reporting = Reporting(tell)
    if trt.features.progress_monitor:
        config.progress_monitor = _monitor(trt, reporting)
        yield
        config.progress_monitor = None
    else:
        with _heartbeat(trt, reporting):
            yield
    if reporting.error is not None:
        raise reporting.error


def _monitor(trt: TensorRT, reporting: Reporting) -> Any:
    base = trt.module.IProgressMonitor

    class Monitor(base):  # type: ignore[misc,valid-type]  # a base class that is known at run time only
        def __init__(self) -> None:
            base.__init__(self)  # pybind11 wants its own base called by name

        def phase_start(self, phase_name: str, parent_phase: str | None, num_steps: int) -> None:
            reporting.start(phase_name, num_steps)

        def phase_finish(self, phase_name: str) -> None:
            reporting.finish(phase_name)

        def step_complete(self, phase_name: str, step: int) -> bool:
            return reporting.step(phase_name, step)

    return Monitor()


@contextmanager
def _heartbeat(trt: TensorRT, reporting: Reporting) -> Iterator[None]:
    """Every two seconds the log's newest line, from a thread: the builder lets go of the GIL. It cannot be called off."""
    over = threading.Event()

    def beat() -> None:
        beats = 0
        while not over.wait(HEARTBEAT_S):
            beats += 1
            reporting.tell(trt.log.last or "still building", int(beats * HEARTBEAT_S), 0)

    thread = threading.Thread(target=beat, name="plan-heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()
