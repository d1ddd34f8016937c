"""An engine that notes when it runs."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from time import perf_counter, process_time
from types import TracebackType

from engines.contract import Engine, EngineError, Tensor
from engines.opening import Opened
from engines.wrapped import WrappedEngine


class TimedEngine(WrappedEngine):
    """Another engine; `ended_s` are the moments at which its runs ended, `cpu_s` the processor time of the process then,
    `took_s` how long each lasted."""

    def __init__(self, engine: Engine) -> None:
        super().__init__(engine)
        self.ended_s: list[float] = []
        self.cpu_s: list[float] = []
        self.took_s: list[float] = []

    def __enter__(self) -> TimedEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """It stays open: the bare run is measured again after the session."""

    def run(self, tensor: Tensor) -> Tensor:
        start = perf_counter()
        output = super().run(tensor)
        self.ended_s.append(perf_counter())
        self.cpu_s.append(process_time())
        self.took_s.append(self.ended_s[-1] - start)
        return output


class OneEngine:
    """Supplies a session with one engine and no other (see edge.loop.inference.EngineSupply)."""

    def __init__(self, opened: Opened, engine: TimedEngine) -> None:
        self._opened = replace(opened, engine=engine)

    def first(self) -> Opened:
        return self._opened

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        raise failed

    def proven(self) -> None:
        return None

    def close(self) -> None:
        return None
