"""The source itself as an engine, so that it is compared like every other runtime."""

from __future__ import annotations

from types import TracebackType

from engines.contract import InferenceFailed, Tensor, TensorSpec
from export.bringing.spec import Reference


class SourceEngine:
    """`reference`, (batch, height, width, 3) uint8 to one output of logits, by whoever trained it.

    It prepares pixels by itself and not by the ONNX file's nodes: a fault in these must show.
    """

    def __init__(self, reference: Reference, runtime: str) -> None:
        self._reference = reference
        self._runtime = runtime

    @property
    def runtime(self) -> str:
        return self._runtime

    @property
    def input(self) -> TensorSpec:
        return TensorSpec("pixels", (None, None, None, 3), "uint8")

    @property
    def output(self) -> TensorSpec:
        return TensorSpec("logits", (None, None, None, None), "float32")

    def __enter__(self) -> SourceEngine:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        """Nothing to release."""

    def run(self, tensor: Tensor) -> Tensor:
        if not self.input.accepts(tensor):
            raise InferenceFailed(f"the source takes {self.input.shape} uint8, not {tensor.shape} {tensor.dtype}")
        try:
            output, *others = self._reference(tensor)  # type: ignore[arg-type]  # accepts() saw that it is uint8
        except (RuntimeError, ValueError) as error:
            raise InferenceFailed(f"the source failed: {error}") from error
        if others:
            raise InferenceFailed(f"the source gives {1 + len(others)} outputs; one is compared")
        return output
