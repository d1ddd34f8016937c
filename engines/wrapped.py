"""An engine that stands before another."""

from __future__ import annotations

from types import TracebackType

from engines.contract import Engine, Tensor, TensorSpec


class WrappedEngine:
    """Does as the engine behind it; who derives from it says what is done otherwise."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    @property
    def runtime(self) -> str:
        return self._engine.runtime

    @property
    def input(self) -> TensorSpec:
        return self._engine.input

    @property
    def output(self) -> TensorSpec:
        return self._engine.output

    def __enter__(self) -> Engine:
        self._engine.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.__exit__(kind, error, trace)

    def run(self, tensor: Tensor) -> Tensor:
        return self._engine.run(tensor)
