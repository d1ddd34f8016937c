"""A ledger adds up, or is none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.session.ledger import Ledger

NUMBERS = st.tuples(*[st.integers(-1, 5)] * 5)


@given(st.integers(-1, 20), NUMBERS)
def test_no_more_ended_than_were_captured(captured: int, ended: tuple[int, ...]) -> None:
    if captured < 0 or min(ended) < 0 or sum(ended) > captured:
        with pytest.raises(ValueError, match="does not add up"):
            Ledger(captured, *ended)
    else:
        ledger = Ledger(captured, *ended)
        assert (ledger.ended, ledger.in_hand) == (sum(ended), captured - sum(ended))
