from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.cameras.reading.backoff import Backoff


@given(first_s=st.floats(0.0, 5.0), factor=st.floats(1.0, 100.0), seed=st.integers(), tries=st.integers(1, 2000))
def test_each_wait_lies_under_a_ceiling_that_doubles_to_the_most(first_s: float, factor: float, seed: int, tries: int) -> None:
    most_s = first_s * factor
    backoff = Backoff(first_s, most_s, seed)
    ceiling_s = first_s
    for _ in range(tries):
        assert backoff.ceiling_s == ceiling_s
        assert 0.0 <= backoff.next_s() <= ceiling_s
        ceiling_s = min(most_s, 2.0 * ceiling_s)
    backoff.reset()
    assert backoff.ceiling_s == first_s


def test_the_jitter_is_full_and_seeded() -> None:
    """Over the whole range: of 1000 waits under 1 s a tenth lies in each tenth."""
    backoff = Backoff(1.0, 1.0, seed=3)
    waits_s = [backoff.next_s() for _ in range(1000)]
    for tenth in range(10):
        assert 60 < sum(tenth / 10 <= wait_s < (tenth + 1) / 10 for wait_s in waits_s) < 140
    again = Backoff(1.0, 1.0, seed=3)
    assert [again.next_s() for _ in range(1000)] == waits_s
    assert Backoff(1.0, 1.0).next_s() != Backoff(1.0, 1.0).next_s(), "unseeded ones come back in step"


def test_a_back_off_that_shrinks_is_refused() -> None:
    with pytest.raises(ValueError, match="from 3"):
        Backoff(3.0, 2.0)
    with pytest.raises(ValueError, match="from -1"):
        Backoff(-1.0, 2.0)
