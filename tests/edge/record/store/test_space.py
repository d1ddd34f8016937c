from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.record.store import space
from edge.record.store.errors import StoreError
from edge.record.store.space import SpaceGuard, free_bytes_at


def test_free_is_what_the_system_says(tmp_path: Path) -> None:
    assert abs(free_bytes_at(tmp_path) - shutil.disk_usage(tmp_path).free) < 1_000_000_000
    assert SpaceGuard(tmp_path, 2, 1).level().level == "ok"
    assert SpaceGuard(tmp_path, 2**62, 2**61).level().level == "full"


def test_a_disk_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="gone"):
        SpaceGuard(tmp_path / "gone").level()


def test_limits_must_be_in_order(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="below the soft"):
        SpaceGuard(tmp_path, soft_free_bytes=100, hard_free_bytes=100)


def test_the_level_does_not_flap(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    guard = SpaceGuard(tmp_path, soft_free_bytes=1000, hard_free_bytes=100)
    said = []
    for free in (1000, 999, 1000, 1099, 1101, 99, 101, 109, 111, 5000):
        monkeypatch.setattr(space, "free_bytes_at", lambda _, free=free: free)
        said.append(guard.level().level)
    assert said == ["ok", "low", "low", "low", "ok", "full", "full", "full", "low", "ok"]
    assert guard.wanted_free_bytes == 1101


@given(frees=st.lists(st.integers(0, 2000), min_size=1, max_size=30))
def test_below_a_limit_it_is_never_called_better(frees: list[int]) -> None:
    guard = SpaceGuard(Path(os.sep), soft_free_bytes=1000, hard_free_bytes=100)
    with pytest.MonkeyPatch.context() as patch:
        for free in frees:
            patch.setattr(space, "free_bytes_at", lambda _, free=free: free)
            level = guard.level().level
            if free < 100:
                assert level == "full"
            elif free < 1000:
                assert level in ("low", "full")
            elif free > 1100:
                assert level == "ok"
