from __future__ import annotations

import numpy as np
import pytest

from engines.contract import InferenceFailed, Tensor
from engines.fake import FakeEngine


def zeros(side: int = 4) -> np.ndarray:
    return np.zeros((1, side, side, 3), np.uint8)


def test_an_answer_kept_elsewhere_is_copied() -> None:
    kept = np.zeros((1, 1, 4, 4), np.float32)
    FakeEngine(lambda _: kept, 1).run(zeros())[...] = 1.0
    assert not kept.any()


def test_a_failure_that_the_answer_raises_comes_through() -> None:
    def fail(_: Tensor) -> Tensor:
        raise InferenceFailed("out of memory")

    with FakeEngine(fail, 1) as engine, pytest.raises(InferenceFailed, match="out of memory"):
        engine.run(zeros())


def test_who_keeps_an_output_beyond_the_next_run_is_caught() -> None:
    answers = iter([np.zeros((1, 1, 4, 4), np.float32), np.ones((1, 1, 2, 2), np.float32), np.ones((1, 1, 2, 2), np.float32)])
    engine = FakeEngine(lambda _: next(answers), 1)
    first = engine.run(zeros())
    engine.run(zeros())
    assert np.isnan(first).any()
    assert (first.ravel()[:4] == 1.0).all()
    with engine:
        last = engine.run(zeros())
    assert np.isnan(last).all()


def test_an_output_is_spoilt_also_where_the_next_run_fails() -> None:
    answers: list[Tensor] = [np.zeros((1, 1, 4, 4), np.float32)]
    engine = FakeEngine(lambda _: answers.pop(), 1)
    first = engine.run(zeros())
    with pytest.raises(IndexError):
        engine.run(zeros())
    assert np.isnan(first).all()
