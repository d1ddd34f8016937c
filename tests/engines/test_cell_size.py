from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.cell_size import OCTAVES, probability_of, ratio_of


@given(st.floats(2.0 ** (-OCTAVES / 2), 2.0 ** (OCTAVES / 2)))
def test_a_size_comes_back(ratio: float) -> None:
    said = ratio_of(np.array([probability_of(ratio)], np.float32))
    assert said.dtype == np.float32
    assert float(said[0]) == pytest.approx(ratio, rel=1e-4)


def test_the_canonical_cell_is_in_the_middle_and_what_is_beyond_is_held() -> None:
    assert probability_of(1.0) == 0.5
    assert (probability_of(100.0), probability_of(0.001)) == (1.0, 0.0)
