"""The wall clock: what it says is written down, never obeyed."""

from __future__ import annotations

import ctypes
import logging
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path

log = logging.getLogger(__name__)

LEAST_JUMP_S = 2.0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
# systemd-timesyncd makes this file when it has set the clock for the first time since the start (systemd-timesyncd.service(8)).
SYNCHRONIZED = Path("/run/systemd/timesync/synchronized")
MOST_ERROR_US = 16_000_000
"""systemd's own rule (ntp_synced() of its time-util.c): the kernel's bound on the clock's error grows to 16 s and stays there
where no program sets the clock. STA_UNSYNC would not do: chrony without `rtcsync` leaves it on."""
_EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


@dataclass(frozen=True, slots=True)
class ClockJump:
    """The wall clock was set: it said `after` where `before` (both UTC) was due, `jump_s` seconds apart (positive: forward).
    `monotonic_s` is when that was noticed."""

    jump_s: float
    before: datetime
    after: datetime
    monotonic_s: float


class WallWatch:
    """Notices that somebody set the wall clock, by comparing it with the time since the machine started.

    `wall_s` gives seconds since 1970 UTC; `running_s` seconds that pass evenly, also while the machine sleeps;
    `monotonic_s` what frames are stamped with. Small steps add up until they are told. Used by one thread.
    """

    def __init__(
        self,
        wall_s: Callable[[], float] = time.time,
        running_s: Callable[[], float] | None = None,
        monotonic_s: Callable[[], float] = time.monotonic,
        least_jump_s: float = LEAST_JUMP_S,
    ) -> None:
        self._wall_s, self._running_s, self._monotonic_s = wall_s, running_s or seconds_since_boot, monotonic_s
        self._least_jump_s = least_jump_s
        self._offset_s = self._wall_s() - self._running_s()

    def look(self) -> ClockJump | None:
        """What the clock did since the last jump that was told (or since this watch was made); None where it ran evenly."""
        wall_s = self._wall_s()
        offset_s = wall_s - self._running_s()
        jump_s = offset_s - self._offset_s
        if abs(jump_s) <= self._least_jump_s:
            return None
        self._offset_s = offset_s
        return ClockJump(jump_s, _utc(wall_s - jump_s), _utc(wall_s), self._monotonic_s())


def _utc(wall_s: float) -> datetime:
    # Not fromtimestamp, which refuses years before 1970 on some systems.
    return _EPOCH + timedelta(seconds=wall_s)


def seconds_since_boot() -> float:
    """Seconds since the machine started, its sleep included where the system knows it (Linux)."""
    if sys.platform == "linux":
        return time.clock_gettime(time.CLOCK_BOOTTIME)
    return time.monotonic()


def boot_id(file: Path = BOOT_ID) -> str | None:
    """What tells this start of the machine from every other one; None where the system does not say."""
    try:
        return file.read_text(encoding="ascii").strip() or None
    except (OSError, UnicodeDecodeError):  # no Linux, or /proc is closed: then it is unknown, which None says
        return None


def clock_trusted(synchronized: Path = SYNCHRONIZED) -> bool | None:
    """Whether the wall clock was set from a time source; None where the system does not say.

    True where the kernel bounds the clock's error (adjtimex(2): maxerror) below 16 s, or timesyncd has set it since the
    start. A clinic without a network has only the battery's clock: False.
    """
    if synchronized.exists():
        return True
    error_us = _most_error_us()
    return None if error_us is None else error_us < MOST_ERROR_US


class _Timex(ctypes.Structure):
    """The head of Linux' struct timex (adjtimex(2)); the rest, which differs by architecture, is room for it."""

    _fields_ = (
        ("modes", ctypes.c_uint),
        ("offset", ctypes.c_long),
        ("frequency", ctypes.c_long),
        ("most_error", ctypes.c_long),
        ("estimated_error", ctypes.c_long),
        ("status", ctypes.c_int),
        ("rest", ctypes.c_char * 512),
    )


def _most_error_us() -> int | None:
    if sys.platform != "linux":
        return None
    asked = _Timex()  # modes 0: ask only, which needs no privilege
    library = ctypes.CDLL(None, use_errno=True)
    if not hasattr(library, "adjtimex") or library.adjtimex(ctypes.byref(asked)) < 0:
        log.debug("the kernel does not say whether the clock is set (error %d)", ctypes.get_errno())
        return None
    return int(asked.most_error)
