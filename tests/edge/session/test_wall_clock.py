from __future__ import annotations

import sys
from datetime import datetime, timezone
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.session import wall_clock
from edge.session.wall_clock import WallWatch, boot_id, clock_trusted, seconds_since_boot

NOON = datetime(2026, 11, 20, 12, tzinfo=timezone.utc).timestamp()


class Clocks:
    """A machine's clocks, moved by hand."""

    def __init__(self) -> None:
        self.wall_s, self.running_s, self.monotonic_s = NOON, 500.0, 400.0

    def pass_s(self, seconds: float) -> None:
        self.wall_s += seconds
        self.running_s += seconds
        self.monotonic_s += seconds

    def sleep_s(self, seconds: float) -> None:
        """The machine is suspended: CLOCK_MONOTONIC stands still, CLOCK_BOOTTIME does not."""
        self.wall_s += seconds
        self.running_s += seconds

    def watch(self) -> WallWatch:
        return WallWatch(lambda: self.wall_s, lambda: self.running_s, lambda: self.monotonic_s)


def test_an_even_clock_says_nothing_and_a_sleep_is_no_jump() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    for _ in range(100):
        clocks.pass_s(1.0)
        assert watch.look() is None
    clocks.sleep_s(8 * 3600.0)
    assert watch.look() is None


@pytest.mark.parametrize("jump_s", [-400 * 86400.0, -2.5, 2.5, 3 * 86400.0])
def test_a_jump_is_told_once_with_what_was_due(jump_s: float) -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.pass_s(10.0)
    clocks.wall_s += jump_s
    jump = watch.look()
    assert jump is not None
    assert jump.jump_s == pytest.approx(jump_s)
    assert jump.before.timestamp() == pytest.approx(NOON + 10.0)
    assert (jump.after - jump.before).total_seconds() == pytest.approx(jump_s)
    assert jump.before.tzinfo is timezone.utc
    assert jump.monotonic_s == 410.0
    clocks.pass_s(1.0)
    assert watch.look() is None


def test_a_clock_before_1970_is_told() -> None:
    clocks = Clocks()
    watch = clocks.watch()
    clocks.wall_s = -86400.0
    jump = watch.look()
    assert jump is not None
    assert jump.after == datetime(1969, 12, 31, tzinfo=timezone.utc)


@given(st.lists(st.floats(-30.0, 30.0), max_size=40))
def test_what_was_told_and_what_is_still_open_add_up(steps_s: list[float]) -> None:
    """However the clock is pushed about in small steps, the told jumps are its whole way but for less than the threshold."""
    clocks = Clocks()
    watch = clocks.watch()
    told_s = 0.0
    for step_s in steps_s:
        clocks.pass_s(1.0)
        clocks.wall_s += step_s
        jump = watch.look()
        told_s += 0.0 if jump is None else jump.jump_s
        assert abs(clocks.wall_s - clocks.running_s - (NOON - 500.0) - told_s) <= 2.0 + 1e-3


def test_the_real_clocks_run_evenly() -> None:
    watch = WallWatch()
    assert watch.look() is None
    assert seconds_since_boot() > 0


def test_the_boot_id_is_this_boots(tmp_path: Path) -> None:
    file = tmp_path / "boot_id"
    file.write_text("6a1d-42\n")
    assert boot_id(file) == "6a1d-42"
    assert boot_id(tmp_path / "absent") is None
    file.write_text("\n")
    assert boot_id(file) is None
    file.write_bytes(b"\xff\xfe")
    assert boot_id(file) is None


@pytest.mark.parametrize(("error_us", "trusted"), [(120, True), (15_999_999, True), (16_000_000, False), (None, None)])
def test_trust_follows_the_kernel(
    error_us: int | None, trusted: bool | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(wall_clock, "_most_error_us", lambda: error_us)
    assert clock_trusted(tmp_path / "absent") is trusted
    (tmp_path / "synchronized").touch()
    assert clock_trusted(tmp_path / "synchronized") is True


@pytest.mark.skipif(sys.platform != "linux", reason="adjtimex is Linux's")
def test_this_kernel_answers() -> None:
    """The kernel's bound ends at 16 s (NTP_PHASE_LIMIT of linux/timex.h): a wrong layout of the struct would give anything."""
    error_us = wall_clock._most_error_us()
    assert error_us is None or 0 <= error_us <= 16_000_000
