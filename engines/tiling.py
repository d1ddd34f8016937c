"""Running a network that takes squares of one size over a whole field."""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from engines.contract import Engine, InferenceFailed, ModelCorrupt, Tensor, TensorSpec
from engines.manifest import Manifest, Tiling


def over_fields(engine: Engine, manifest: Manifest, batch: int = 1) -> Engine:
    """`engine` for fields of any size: itself, or in squares where its manifest says so, in step with the model's multiples.

    Closes the engine and raises ModelCorrupt where it does not fit.
    """
    if manifest.tiling is None:
        return engine
    try:
        return Tiled(engine, manifest.tiling, manifest.preparation.multiple_px, batch)
    except ModelCorrupt:
        engine.__exit__(None, None, None)
        raise


class Tiled:
    """An engine of any field size out of one of `side_px` squares, with no seam.

    Every pixel comes from a square in which it lies at least `context_px` from the sides, so that it saw all it needs; beyond
    the field's own borders lies its mirror image. Squares are a whole number of `phase_px` apart: a network that halves its
    maps n times answers alike only to shifts by multiples of 2^n.
    """

    def __init__(self, engine: Engine, tiling: Tiling, phase_px: int = 1, batch: int = 1) -> None:
        """`batch` squares go through at once, where the engine's own batch is free.

        Raises ModelCorrupt where the engine takes other squares.
        """
        side = tiling.side_px
        if len(engine.input.shape) != 4 or len(engine.output.shape) != 4:
            raise ModelCorrupt(f"the model's input and output must have 4 dimensions, they are {engine.input}, {engine.output}")
        for size in engine.input.shape[1:3]:
            if size not in (None, side):
                raise ModelCorrupt(f"the model takes {engine.input.shape}, its manifest says squares of {side} px")
        self._engine, self._side, self._context = engine, side, tiling.context_px
        self._kept = side - 2 * tiling.context_px
        self._stride = self._kept - self._kept % phase_px or self._kept
        self._given = self._kept if tiling.unpadded else side
        own = engine.input.shape[0]
        self._batch, self._whole = (own, True) if own is not None else (batch, False)
        self._memory: NDArray[np.uint8] = np.empty(0, np.uint8)

    @property
    def runtime(self) -> str:
        return f"{self._engine.runtime}, squares of {self._side} px"

    @property
    def input(self) -> TensorSpec:
        own = self._engine.input
        return TensorSpec(own.name, (None, None, None, own.shape[3]), own.dtype)

    @property
    def output(self) -> TensorSpec:
        own = self._engine.output
        return TensorSpec(own.name, (None, own.shape[1], None, None), own.dtype)

    def __enter__(self) -> Tiled:
        self._engine.__enter__()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._engine.__exit__(kind, error, trace)

    def run(self, tensor: Tensor) -> Tensor:
        if not self.input.accepts(tensor):
            raise InferenceFailed(f"the model takes {self.input.shape} {self.input.dtype}, not {tensor.shape} {tensor.dtype}")
        count, height, width, _ = tensor.shape
        places = [
            (field, top, left)
            for field in range(count)
            for top in range(0, height, self._stride)
            for left in range(0, width, self._stride)
        ]
        bordered = self._bordered(tensor)
        output: Tensor | None = None
        for group in self._groups(places):
            squares = np.stack([bordered[f, top : top + self._side, left : left + self._side] for f, top, left in group])
            answers = self._trusted(self._engine.run(squares), len(group))
            if output is None:
                output = self._output((count, answers.shape[1], height, width), answers.dtype)
            for (field, top, left), answer in zip(group, answers, strict=True):
                bottom, right = min(top + self._stride, height), min(left + self._stride, width)
                output[field, :, top:bottom, left:right] = answer[:, : bottom - top, : right - left]
        if output is None:
            raise InferenceFailed(f"a field of {tensor.shape} is empty")
        return output

    def _bordered(self, tensor: Tensor) -> Tensor:
        """The fields, mirrored over their borders as far as the squares reach; numpy mirrors small fields again and again."""
        around = [(0, 0)]
        for size in tensor.shape[1:3]:
            last = (max(size, 1) - 1) // self._stride * self._stride
            around.append((self._context, max(self._context, last + self._side - self._context - size)))
        return np.pad(tensor, [*around, (0, 0)], mode="symmetric") if tensor.size else tensor

    def _groups(self, places: list[tuple[int, int, int]]) -> Iterator[list[tuple[int, int, int]]]:
        """As many squares as go through at once. A batch that is fixed is filled up with its last square."""
        for first in range(0, len(places), self._batch):
            group = places[first : first + self._batch]
            yield group + [group[-1]] * (self._batch - len(group)) if self._whole else group

    def _trusted(self, answers: Tensor, count: int) -> Tensor:
        """The middle of the engine's output, of which every pixel saw enough."""
        want = (count, answers.shape[1] if answers.ndim == 4 else 0, self._given, self._given)
        if answers.shape != want:
            raise InferenceFailed(
                f"the model gave {answers.shape} for squares of {self._side} px, its manifest's tiling asks for "
                f"{self._given} px sides; correct the manifest"
            )
        cut = (self._given - self._kept) // 2
        return answers[:, :, cut : cut + self._kept, cut : cut + self._kept]

    def _output(self, shape: tuple[int, ...], dtype: np.dtype[np.generic]) -> Tensor:
        """Memory that the next run uses again."""
        size = int(np.prod(shape)) * dtype.itemsize
        if size > self._memory.size:
            self._memory = np.empty(size, np.uint8)
        return self._memory[:size].view(dtype).reshape(shape)
