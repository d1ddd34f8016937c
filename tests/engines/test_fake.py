from __future__ import annotations

import numpy as np
import pytest

from engines.contract import InferenceFailed, Tensor
from engines.fake import FakeEngine


def test_an_answer_kept_elsewhere_is_copied() -> None:
    kept = np.zeros((1, 1, 4, 4), np.float32)
    FakeEngine(lambda _: kept, 1).run(np.zeros((1, 4, 4, 3), np.uint8))[...] = 1.0
    assert not kept.any()


def test_a_failure_that_the_answer_raises_comes_through() -> None:
    def fail(_: Tensor) -> Tensor:
        raise InferenceFailed("out of memory")

    with FakeEngine(fail, 1) as engine, pytest.raises(InferenceFailed, match="out of memory"):
        engine.run(np.zeros((1, 4, 4, 3), np.uint8))
