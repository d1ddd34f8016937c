"""The ledger adds up whatever happens."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.session import FrameState, Ledger


@given(st.lists(st.tuples(st.sampled_from(list(FrameState)), st.integers(0, 50)), max_size=60))
def test_captured_is_the_sum_of_what_was_added(frames: list[tuple[FrameState, int]]) -> None:
    ledger, told = Ledger(), Counter[str]()
    for state, number in frames:
        before, ledger = ledger, ledger.with_frames(state, number)
        told[state.value] += number
        assert ledger.captured == before.captured + number
    assert {state.value: getattr(ledger, state.value) for state in FrameState} == {s.value: told[s.value] for s in FrameState}
    assert ledger.captured == sum(told.values())


@pytest.mark.parametrize("state", list(FrameState), ids=lambda state: state.value)
def test_one_frame_changes_one_number_of_a_new_ledger(state: FrameState) -> None:
    old = Ledger(1, 2, 3, 4, 5)
    new = old.with_frames(state)
    changed = {name.value for name in FrameState if getattr(new, name.value) != getattr(old, name.value)}
    assert changed == {state.value}
    assert old == Ledger(1, 2, 3, 4, 5)
