"""The wall clock: records carry its time, and say where it was not to be trusted."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime, timezone

from edge.doctor.finding import Finding, Level
from edge.session.wall_clock import clock_trusted

NAME = "clock"
EARLIEST = datetime(2026, 1, 1, tzinfo=timezone.utc)
"""Before this program was: a clock that says less lost its battery."""
SET_IT = "set it: sudo timedatectl set-ntp true where there is a network, else sudo timedatectl set-time 'YYYY-MM-DD HH:MM:SS'"


def _utc_now() -> datetime:
    return datetime.now(timezone.utc)


def check_clock(
    trusted: Callable[[], bool | None] = clock_trusted, now: Callable[[], datetime] = _utc_now
) -> Iterator[Finding]:
    """Whether a time source set it; durations and time-outs do not depend on it."""
    at, said = now(), trusted()
    text = f"{at:%Y-%m-%d %H:%M} UTC"
    if at < EARLIEST:
        yield Finding(NAME, Level.ERROR, f"the clock says {text}: it was never set", SET_IT)
    elif said is None:
        yield Finding(NAME, Level.OK, f"{text}; this machine does not say whether it is set, and records will not either")
    elif not said:
        yield Finding(
            NAME, Level.WARNING, f"{text}, which no time source confirms: records will say that their time is not trusted",
            f"compare it with a watch; {SET_IT}",
        )  # fmt: skip
    else:
        yield Finding(NAME, Level.OK, f"{text}, set from a time source")
