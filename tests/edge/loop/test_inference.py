"""The inference thread against engines that fail in every way they may."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Event
from types import TracebackType
from typing import Any

import numpy as np
import pytest

from edge.counting.errors import ScaleUnknown
from edge.counting.field_count import Scale, ScaleSource
from edge.frame import Pixels
from edge.loop.inference import MISSED_IN_A_ROW, Inference
from edge.loop.inference_news import EngineGone, EngineReady, EngineRepairing, InferenceDone, InferenceMissed
from engines.contract import Engine, EngineError, InferenceFailed, RuntimeMissing, Tensor
from engines.fake import FakeEngine
from engines.opening import Opened

SCALE = Scale(20.0, 0.05, ScaleSource.ESTIMATED)
PIXELS = np.full((4, 4, 3), 7, np.uint8)
PIXELS.setflags(write=False)
WAIT_S = 20.0
"""Only ever waited in full by a test that fails."""


class Doubtful(FakeEngine):
    """An engine that does what the `way` says in its next runs; closing is counted."""

    def __init__(self, *ways: Callable[[Tensor], Tensor]) -> None:
        self._ways = list(ways)
        self.closed = 0
        super().__init__(self._answer_of, 1)

    def _answer_of(self, tensor: Tensor) -> Tensor:
        way = self._ways.pop(0) if len(self._ways) > 1 else self._ways[0]
        return way(tensor)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.closed += 1
        super().__exit__(kind, error, trace)


def works(tensor: Tensor) -> Tensor:
    return np.asarray(tensor[:, None, :, :, 0], np.float32)


def raises(tensor: Tensor) -> Tensor:
    raise InferenceFailed("the GPU fell off the bus")


def is_nan(tensor: Tensor) -> Tensor:
    answer = works(tensor)
    answer[..., -1] = np.nan
    return answer


def is_infinite(tensor: Tensor) -> Tensor:
    return works(tensor) * np.float32(np.inf)


def is_huge(tensor: Tensor) -> Tensor:
    """Finite, though its sum in float32 is not."""
    return np.full_like(works(tensor), 3e38)


def breaks(tensor: Tensor) -> Tensor:
    raise MemoryError("out of memory")


class Supply:
    """Gives these engines one after another; an EngineError among them is raised, a callable is called first."""

    def __init__(self, *engines: FakeEngine | EngineError) -> None:
        self.engines = list(engines)
        self.failed: list[str] = []
        self.proved = self.let_go = 0

    def first(self) -> Opened:
        return self._next()

    def after(self, failed: EngineError, tell: Callable[[str], None]) -> Opened:
        self.failed.append(str(failed))
        tell("opening another")
        return self._next()

    def proven(self) -> None:
        self.proved += 1

    def close(self) -> None:
        self.let_go += 1

    def _next(self) -> Opened:
        if not self.engines:
            raise RuntimeMissing("none is left")
        one = self.engines.pop(0)
        if isinstance(one, EngineError):
            raise one
        return Opened(one, None, None)  # type: ignore[arg-type]  # nobody here reads its card


def infer(engine: Engine, pixels: Pixels, scale: Scale) -> float:
    if scale.cell_diameter_px < 0:
        raise ScaleUnknown("a cell diameter of -1 px")
    return float(engine.run(pixels[None]).sum(dtype=np.float64))


class Bench:
    """An Inference whose news are taken as the loop takes them, and whose clock a test sets."""

    def __init__(self, supply: Supply, **more: Any) -> None:
        self.supply, self.now_s, self._news_here = supply, 100.0, Event()
        self.inference: Inference[Pixels, float] = Inference(
            supply, infer, self._news_here.set, clock=lambda: self.now_s, **more
        )
        self.token = 0

    def next(self) -> Any:
        while True:
            self._news_here.clear()
            if (news := self.inference.take()) is not None:
                return news
            assert self._news_here.wait(WAIT_S), "no news came"

    def until(self, kind: type) -> Any:
        seen: list[object] = []
        while not isinstance(news := self.next(), kind):
            seen.append(news)
            assert not isinstance(news, EngineGone), seen
        return news

    def one(self, scale: Scale = SCALE) -> InferenceDone[float] | InferenceMissed:
        """A frame through it."""
        self.token += 1
        self.inference.begin(self.token, PIXELS, scale)
        news = self.next()
        assert isinstance(news, InferenceDone | InferenceMissed)
        assert news.token == self.token
        return news

    def started(self) -> Bench:
        self.inference.start()
        assert isinstance(self.next(), EngineReady)
        return self


@pytest.fixture
def bench() -> Iterator[Callable[..., Bench]]:
    made: list[Bench] = []

    def make(*engines: FakeEngine | EngineError, **more: Any) -> Bench:
        made.append(Bench(Supply(*engines), **more))
        return made[-1]

    yield make
    for one in made:
        one.inference.close()


Make = Callable[..., Bench]


def test_a_frame_goes_through_and_the_engine_is_closed_once(bench: Make) -> None:
    engine = Doubtful(works)
    made = bench(engine).started()
    assert not made.inference.busy
    done = made.one()
    assert isinstance(done, InferenceDone)
    assert done.inferred == 4 * 4 * 7
    made.inference.close()
    assert engine.closed == 1
    assert made.inference.busy
    made.inference.close()
    assert engine.closed == 1


def test_one_frame_at_a_time(bench: Make) -> None:
    going, held = Event(), Event()

    def holds(tensor: Tensor) -> Tensor:
        going.set()
        assert held.wait(WAIT_S)
        return works(tensor)

    made = bench(Doubtful(holds))
    with pytest.raises(RuntimeError, match="busy"):
        made.inference.begin(1, PIXELS, SCALE)
    made.started()
    made.inference.begin(1, PIXELS, SCALE)
    assert going.wait(WAIT_S)
    assert made.inference.busy
    assert made.inference.take() is None
    with pytest.raises(RuntimeError, match="busy"):
        made.inference.begin(2, PIXELS, SCALE)
    held.set()
    assert isinstance(made.next(), InferenceDone)
    assert not made.inference.busy


@pytest.mark.parametrize(
    ("way", "text"),
    [(raises, "bus"), (is_nan, "not finite"), (is_infinite, "not finite"), (breaks, "MemoryError: out of memory")],
)
def test_a_failed_run_is_a_missed_frame_and_the_next_is_counted(bench: Make, way: Any, text: str) -> None:
    made = bench(Doubtful(way, works)).started()
    missed = made.one()
    assert isinstance(missed, InferenceMissed)
    assert isinstance(missed.error, InferenceFailed)
    assert text in str(missed.error)
    assert isinstance(made.one(), InferenceDone)
    assert made.supply.failed == []


def test_large_numbers_are_finite_ones(bench: Make) -> None:
    assert isinstance(bench(Doubtful(is_huge)).started().one(), InferenceDone)


@pytest.mark.parametrize("way", [raises, is_nan, breaks])
def test_three_in_a_row_and_another_engine_takes_over(bench: Make, way: Any) -> None:
    bad, good = Doubtful(way), Doubtful(works)
    made = bench(bad, good).started()
    for _ in range(MISSED_IN_A_ROW):
        assert isinstance(made.one(), InferenceMissed)
    assert isinstance(first := made.next(), EngineRepairing)
    assert "3 frames in a row failed on fake" in first.text
    assert made.next() == EngineRepairing("opening another")
    assert bad.closed == 1
    ready = made.until(EngineReady)
    assert ready.opened.engine is good
    assert ready.text == "fake computes from here on"
    assert isinstance(made.one(), InferenceDone)
    assert len(made.supply.failed) == 1


def test_a_good_frame_between_and_the_engine_stays(bench: Make) -> None:
    made = bench(Doubtful(raises, raises, works, raises, raises, works), RuntimeMissing("not asked for")).started()
    found = [type(made.one()) for _ in range(6)]
    assert found == [InferenceMissed, InferenceMissed, InferenceDone] * 2
    assert made.supply.failed == []


def test_a_scale_that_cannot_be_is_not_the_engines_fault(bench: Make) -> None:
    made = bench(Doubtful(raises, raises, works)).started()
    made.one(), made.one()
    for _ in range(2 * MISSED_IN_A_ROW):
        missed = made.one(Scale(-1.0, 0.0, ScaleSource.GIVEN))
        assert isinstance(missed, InferenceMissed)
        assert isinstance(missed.error, ScaleUnknown)
    assert isinstance(made.one(), InferenceDone)


def test_a_hanging_run_is_missed_left_behind_and_closes_its_engine_when_it_wakes(bench: Make) -> None:
    held = Event()

    def hangs(tensor: Tensor) -> Tensor:
        assert held.wait(WAIT_S)
        return works(tensor)

    hung, good = Doubtful(hangs), Doubtful(works)
    made = bench(hung, good, deadline_s=30.0).started()
    made.inference.begin(1, PIXELS, SCALE)
    made.now_s += 29.9
    assert made.inference.take() is None
    made.now_s += 0.2
    missed = made.next()
    assert isinstance(missed, InferenceMissed)
    assert "no answer within 30 s" in str(missed.error)
    made.until(EngineReady)
    assert isinstance(made.one(), InferenceDone)
    assert hung.closed == 0
    held.set()
    made.inference.close()
    made.inference.close()
    _wait_for(lambda: hung.closed == 1)
    assert made.inference.take() is None, "what a thread left behind says is not heard"


def test_an_opening_that_hangs_is_left_behind_too(bench: Make) -> None:
    held, late, good = Event(), Doubtful(works), Doubtful(works)
    made = bench(Doubtful(raises), good, opening_s=600.0)
    after, calls = made.supply.after, []

    def hangs_once(failed: EngineError, tell: Callable[[str], None]) -> Opened:
        calls.append(failed)
        if len(calls) > 1:
            return after(failed, tell)
        assert held.wait(WAIT_S)
        return Opened(late, None, None)  # type: ignore[arg-type]

    made.supply.after = hangs_once  # type: ignore[method-assign]
    made.started()
    for _ in range(MISSED_IN_A_ROW):
        made.one()
    assert isinstance(made.next(), EngineRepairing)
    _wait_for(lambda: len(calls) == 1)
    assert made.inference.busy
    made.now_s += 601.0
    assert made.until(EngineReady).opened.engine is good
    assert "no engine was open within 600 s" in str(calls[1])
    held.set()
    _wait_for(lambda: late.closed == 1)
    assert isinstance(made.one(), InferenceDone)


def test_where_none_is_left_that_is_told(bench: Make) -> None:
    made = bench(Doubtful(raises), RuntimeMissing("look at hemocam doctor")).started()
    for _ in range(MISSED_IN_A_ROW):
        made.one()
    while not isinstance(news := made.next(), EngineGone):
        assert isinstance(news, EngineRepairing)
    assert "hemocam doctor" in str(news.error)
    assert made.inference.busy
    made.now_s += 1e6
    assert made.inference.take() is None


def test_a_first_engine_that_does_not_open_is_told(bench: Make) -> None:
    made = bench(RuntimeMissing("no such runtime"))
    made.inference.start()
    assert isinstance(made.next(), EngineGone)


def test_a_fault_of_ours_ends_inference_in_words(bench: Make) -> None:
    made = bench()
    made.supply.first = lambda: 1 / 0  # type: ignore[assignment,method-assign,return-value]
    made.inference.start()
    gone = made.next()
    assert isinstance(gone, EngineGone)
    assert "ZeroDivisionError" in str(gone.error)


def test_long_work_proves_an_engine(bench: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.loop.inference.PROVEN_AFTER", 5)
    made = bench(Doubtful(works)).started()
    for _ in range(11):
        made.one()
    assert made.supply.proved == 2


def test_never_started_it_lets_the_supply_go() -> None:
    supply = Supply(Doubtful(works))
    Inference(supply, infer, lambda: None).close()
    assert supply.let_go == 1


def test_closing_while_a_frame_is_in_work_waits_for_it_and_tells_nothing(bench: Make, tmp_path: Path) -> None:
    going = Event()

    def slow(tensor: Tensor) -> Tensor:
        going.set()
        return works(tensor)

    engine = Doubtful(slow)
    made = bench(engine).started()
    made.inference.begin(1, PIXELS, SCALE)
    assert going.wait(WAIT_S)
    made.inference.close()
    assert engine.closed == 1


def _wait_for(so: Callable[[], bool]) -> None:
    pause = Event()
    for _ in range(int(WAIT_S / 0.005)):
        if so():
            return
        pause.wait(0.005)
    raise AssertionError("it did not come so")
