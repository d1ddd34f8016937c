"""Profiles and sizes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.tensorrt.profiles import Profile, ProfileInvalid, one_size, parse_size

sizes = st.tuples(st.integers(1, 64), st.integers(1, 4096), st.integers(1, 4096))


@given(sizes)
def test_sizes_are_read_as_they_are_written(size: tuple[int, int, int]) -> None:
    assert parse_size("x".join(map(str, size))) == size
    assert one_size(*size).takes(*size)


@pytest.mark.parametrize("text", ["", "480x640", "1x480x640x3", "1x480x-640", "axbxc", "1 x 2 x 3", "1x480x640.0", "9" * 99])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ProfileInvalid, match="1x480x640"):
        parse_size(text)


@given(sizes, sizes, sizes)
def test_a_profile_is_in_order_or_refused(
    low: tuple[int, int, int], usual: tuple[int, int, int], high: tuple[int, int, int]
) -> None:
    ordered = all(a <= b <= c for a, b, c in zip(low, usual, high, strict=True))
    try:
        profile = Profile(low, usual, high)
    except ProfileInvalid:
        assert not ordered
    else:
        assert ordered and all(profile.takes(*size) for size in (low, usual, high))
        assert not profile.takes(high[0] + 1, high[1], high[2]) and not profile.takes(low[0], low[1] - 1, low[2])


def test_zero_is_no_size() -> None:
    with pytest.raises(ProfileInvalid, match="batch"):
        one_size(0, 64, 64)
