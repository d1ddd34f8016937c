from __future__ import annotations

from datetime import datetime

import numpy as np
import pytest

from edge.record.store.records import LedgerRecord
from tests.edge.record.store.samples import cell, new_field, new_session


def test_captured_is_the_sum() -> None:
    ledger = LedgerRecord(counted=1, duplicate=2, rejected=3, dropped=4, failed=5, rejections={"black": 3})
    assert ledger.captured == 15


def test_a_ledger_that_cannot_be_is_refused() -> None:
    with pytest.raises(ValueError, match="0 or more"):
        LedgerRecord(dropped=-1)
    with pytest.raises(ValueError, match="reasons add up"):
        LedgerRecord(rejected=2, rejections={"black": 1})


def test_times_need_a_timezone() -> None:
    with pytest.raises(ValueError, match="timezone"):
        new_session(started=datetime(2026, 11, 20))
    with pytest.raises(ValueError, match="timezone"):
        new_field(1, wall_time=datetime(2026, 11, 20))


def test_figures_of_a_class_that_was_not_looked_for_are_refused() -> None:
    with pytest.raises(ValueError, match="no method counted plt"):
        new_field(1, methods={"rbc": "hough"}, disagreement={"plt": 0.1})


@pytest.mark.parametrize("changes", [{"area_px": float("nan")}, {"confidence": float("inf")}])
def test_a_cell_without_finite_numbers_is_refused(changes: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="finite"):
        cell(**changes)


def test_another_array_is_no_outline() -> None:
    with pytest.raises(ValueError, match="float32"):
        cell(outline=np.zeros((3, 2)))
