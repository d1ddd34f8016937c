"""Squares over a whole field: what a network of squares says of it is what one of any size would say."""

from __future__ import annotations

from collections.abc import Callable
from types import TracebackType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.contract import InferenceFailed, ModelCorrupt, Tensor, TensorSpec
from engines.fake import FakeEngine
from engines.manifest import Manifest, Tiling
from engines.tiling import Tiled, over_fields
from tests.engines.onnx_models import manifest


def neighbourhood(tensor: Tensor, reach: int, border: str) -> Tensor:
    """A local operator that looks `reach` px around: (n, h, w, 3) to (n, 1, h, w), a weighted sum that no symmetry hides.

    Its border is what it would be without tiles ("symmetric"), or none ("valid"), or anything ("wrap").
    """
    plane = tensor[..., 0].astype(np.float32) + 2.0 * tensor[..., 2].astype(np.float32)
    if border != "valid":
        plane = np.pad(plane, ((0, 0), (reach, reach), (reach, reach)), mode=border)  # type: ignore[call-overload]
    height, width = plane.shape[1] - 2 * reach, plane.shape[2] - 2 * reach
    total = np.zeros((len(plane), height, width), np.float32)
    for dy in range(2 * reach + 1):
        for dx in range(2 * reach + 1):
            total += (1 + dy + 7 * dx) * plane[:, dy : dy + height, dx : dx + width]
    return total[:, None]


class Squares:
    """An engine that takes squares of one size alone, and counts its runs."""

    def __init__(self, side: int, answer: Callable[[Tensor], Tensor], batch: int | None = None) -> None:
        self._inner = FakeEngine(answer, 1)
        self._side, self._batch, self.batches, self.closed = side, batch, [], False  # type: ignore[var-annotated]

    @property
    def runtime(self) -> str:
        return "squares"

    @property
    def input(self) -> TensorSpec:
        return TensorSpec("pixels", (self._batch, self._side, self._side, 3), "uint8")

    @property
    def output(self) -> TensorSpec:
        return TensorSpec("logits", (self._batch, 1, None, None), "float32")

    def __enter__(self) -> Squares:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closed = True

    def run(self, tensor: Tensor) -> Tensor:
        assert self.input.accepts(tensor)
        self.batches.append(len(tensor))
        return self._inner.run(tensor)


def fields(seed: int, *shape: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@given(
    height=st.integers(1, 60), width=st.integers(1, 60), side=st.integers(16, 24), reach=st.integers(0, 3),
    more=st.integers(0, 2), unpadded=st.booleans(), phase=st.sampled_from([1, 2, 4, 16]),
    batch=st.sampled_from([1, 3]), own=st.sampled_from([None, 2]),
    count=st.integers(1, 2), seed=st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=80, deadline=None)
def test_no_seam(
    height: int, width: int, side: int, reach: int, more: int, unpadded: bool, phase: int, batch: int, own: int | None,
    count: int, seed: int,
) -> None:  # fmt: skip
    """Any local operator that looks no further than the context gives the same as over the whole field, mirrored."""
    context = reach if unpadded else reach + more
    tensor = fields(seed, count, height, width, 3)
    engine = Squares(side, lambda one: neighbourhood(one, reach, "valid" if unpadded else "wrap"), own)
    tiled = Tiled(engine, Tiling(side_px=side, context_px=context, unpadded=unpadded), phase, batch)
    output = tiled.run(tensor)
    assert output.shape == (count, 1, height, width)
    assert np.array_equal(output, neighbourhood(tensor, reach, "symmetric"))
    assert set(engine.batches) <= ({own} if own else set(range(1, batch + 1)))


def test_squares_stay_in_step_with_a_network_that_halves_its_maps() -> None:
    """Answers that depend on the pixel's place in the square, every 4 px alike: whole steps of 4 px show no seam."""
    place = np.arange(20, dtype=np.float32) % 4

    def answer(tensor: Tensor) -> Tensor:
        return np.broadcast_to(place[None, None, None, :] + 4 * place[None, None, :, None], (len(tensor), 1, 20, 20)).copy()

    output = Tiled(Squares(20, answer), Tiling(side_px=20, context_px=3), phase_px=4).run(fields(0, 1, 40, 40, 3))
    x = (np.arange(40) + 3) % 4
    assert np.array_equal(output[0, 0], x[None, :] + 4.0 * x[:, None])


def test_the_output_is_used_again_and_the_names_are_the_engines() -> None:
    tiled = Tiled(Squares(16, lambda one: neighbourhood(one, 0, "valid")), Tiling(side_px=16, context_px=0))
    first, second = tiled.run(fields(0, 1, 20, 20, 3)), tiled.run(fields(1, 1, 20, 20, 3))
    assert np.shares_memory(first, second)
    assert (tiled.input.name, tiled.input.shape, tiled.output.name) == ("pixels", (None, None, None, 3), "logits")
    assert tiled.runtime == "squares, squares of 16 px"


def test_it_opens_and_closes_its_engine() -> None:
    engine = Squares(16, lambda one: neighbourhood(one, 0, "valid"))
    with Tiled(engine, Tiling(side_px=16, context_px=0)) as tiled:
        assert not engine.closed
        with pytest.raises(InferenceFailed, match="the model takes"):
            tiled.run(np.zeros((1, 8, 8, 4), np.uint8))
        with pytest.raises(InferenceFailed, match="empty"):
            tiled.run(np.zeros((1, 0, 8, 3), np.uint8))
    assert engine.closed


def test_a_manifest_that_says_other_squares_is_refused() -> None:
    with pytest.raises(ModelCorrupt, match="its manifest says squares of 32 px"):
        Tiled(Squares(16, lambda one: one), Tiling(side_px=32, context_px=0))
    wrong = Tiled(Squares(16, lambda one: neighbourhood(one, 0, "valid")), Tiling(side_px=16, context_px=2, unpadded=True))
    with pytest.raises(InferenceFailed, match=r"its manifest's tiling asks for 12 px sides; correct the manifest"):
        wrong.run(fields(0, 1, 20, 20, 3))


def test_an_engine_is_wrapped_where_its_manifest_says_so() -> None:
    engine = Squares(16, lambda one: one)
    assert over_fields(engine, Manifest.model_validate(manifest())) is engine
    tiling = {"side_px": 16, "context_px": 2}
    assert isinstance(over_fields(engine, Manifest.model_validate(manifest(tiling=tiling))), Tiled)
    with pytest.raises(ModelCorrupt):
        over_fields(engine, Manifest.model_validate(manifest(tiling={**tiling, "side_px": 64})))
    assert engine.closed
