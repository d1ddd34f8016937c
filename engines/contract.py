"""What every runtime is, and what can go wrong with one."""

from __future__ import annotations

from dataclasses import dataclass
from types import TracebackType
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from engines.printable import printable

Tensor = NDArray[np.generic]


class EngineError(Exception):
    """Something about a model or its runtime; the message names the file and says what to do. Runtimes put a file's own names
    into their messages: what a terminal should not be given is escaped."""

    def __init__(self, text: str) -> None:
        super().__init__(printable(text))


class ManifestInvalid(EngineError):
    """A model's manifest is missing, unreadable or does not fit its model."""


class ModelCorrupt(EngineError):
    """The model file is not what its manifest says, or cannot be loaded."""


class RuntimeMissing(EngineError):
    """A runtime is not installed; the message holds the command that installs it."""


class PlanRefused(EngineError):
    """A built engine cannot be loaded here, or counts otherwise than its reference; it must not be used."""


class InferenceFailed(EngineError):
    """A run gave no usable output. The field it was for is unknown, not empty."""


@dataclass(frozen=True, slots=True)
class TensorSpec:
    """A named tensor. `shape` has None where any size is accepted; `dtype` is numpy's name."""

    name: str
    shape: tuple[int | None, ...]
    dtype: str

    def accepts(self, tensor: Tensor) -> bool:
        """Whether `tensor` has this dtype, this rank and these fixed sizes."""
        return (
            tensor.dtype == np.dtype(self.dtype)
            and tensor.ndim == len(self.shape)
            and all(want is None or want == have for want, have in zip(self.shape, tensor.shape, strict=True))
        )


class Engine(Protocol):
    """A loaded model, used in `with`. Any thread may run it, one at a time."""

    @property
    def runtime(self) -> str:
        """What executes it, as a person reads it, e.g. `onnxruntime 1.31 CPU, 2 threads`."""
        ...

    @property
    def input(self) -> TensorSpec: ...

    @property
    def output(self) -> TensorSpec: ...

    def __enter__(self) -> Engine: ...

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None: ...

    def run(self, tensor: Tensor) -> Tensor:
        """The model's output for one batch. The array is the engine's: the next run may write over it, so that who keeps
        it copies it; nobody writes into it.

        Raises InferenceFailed where the input does not fit, the runtime fails or the engine is closed. Whether the output
        is finite is for engines.decode to see.
        """
        ...
