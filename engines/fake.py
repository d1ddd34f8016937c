"""An engine that computes nothing: for tests of everything around it."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from engines.contract import InferenceFailed, Tensor, TensorSpec

_SPOILT = 0xFF
"""This byte all over makes every float a NaN: who reads an output that is no longer theirs cannot miss it."""


class FakeEngine:
    """Gives what `answer` makes of the input, or raises InferenceFailed as `answer` does.

    It is as hard on its callers as an engine may be: every run first spoils the output of the run before, then writes the
    new one over it, and closing spoils the last.
    """

    def __init__(self, answer: Callable[[Tensor], Tensor], channels: int) -> None:
        self._answer = answer
        self._output = TensorSpec("logits", (None, channels, None, None), "float32")
        self._memory: NDArray[np.uint8] = np.empty(0, np.uint8)
        self._closed = False

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
        self._memory[:] = _SPOILT
        self._closed = True

    def run(self, tensor: Tensor) -> Tensor:
        if self._closed:
            raise InferenceFailed("the engine is closed")
        if not self.input.accepts(tensor):
            raise InferenceFailed(f"the model takes {self.input.shape} uint8, not {tensor.shape} {tensor.dtype}")
        self._memory[:] = _SPOILT
        answer = np.asarray(self._answer(tensor))
        if answer.nbytes > self._memory.size:
            self._memory = np.empty(answer.nbytes, np.uint8)
        output = self._memory[: answer.nbytes].view(answer.dtype).reshape(answer.shape)
        output[...] = answer
        return output
