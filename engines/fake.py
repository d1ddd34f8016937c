"""An engine that computes nothing: for tests of everything around it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import numpy as np

from engines.contract import InferenceFailed, Tensor, TensorSpec


class FakeEngine:
    """Gives what `answer` makes of the input, or raises InferenceFailed as `answer` does."""

    def __init__(self, answer: Callable[[Tensor], Tensor], channels: int) -> None:
        self._answer = answer
        self._output = TensorSpec("logits", (None, channels, None, None), "float32")

    @property
    def runtime(self) -> str:
        return "fake"

    @property
    def input(self) -> TensorSpec:
        return TensorSpec("pixels", (None, None, None, 3), "uint8")

    @property
    def output(self) -> TensorSpec:
        return self._output

    def __enter__(self) -> FakeEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        pass

    def run(self, tensor: Tensor) -> Tensor:
        if not self.input.accepts(tensor):
            raise InferenceFailed(f"the model takes {self.input.shape} uint8, not {tensor.shape} {tensor.dtype}")
        # A copy, as every engine's output belongs to its caller.
        return np.array(self._answer(tensor))
