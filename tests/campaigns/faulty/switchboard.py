"""Which fault is on."""

from __future__ import annotations

import time
from enum import Enum
from threading import Event


class Fault(str, Enum):
    """What is made to fail. The first two and the last kill or end a whole process; the others happen inside one."""

    KILLED = "kill -9"
    TERMINATED = "SIGTERM in each state"
    UNPLUGGED = "camera unplugged"
    HUNG = "hung read"
    FROZEN = "frozen frames"
    BLACK = "black frames"
    RAISING = "engine raises"
    NAN = "engine gives NaN"
    STALLED = "engine hangs"
    DISK_FULL = "disk full"
    LOCKED = "SQLite locked"
    CLOCK = "wall clock jumps"


class Switchboard:
    """One fault at a time, put on by one thread and looked at by those that fail. `healed` is set while none is on."""

    def __init__(self) -> None:
        self.fault: Fault | None = None
        self.healed = Event()
        self.healed.set()
        self.clock_off_s = 0.0
        self.faults = 0

    def wall_s(self) -> float:
        """What the wall clock says: seconds since 1970, `clock_off_s` off."""
        return time.time() + self.clock_off_s

    def put_on(self, fault: Fault) -> None:
        self.fault = fault
        self.faults += 1
        self.healed.clear()

    def heal(self) -> None:
        """Also lets go whoever hangs."""
        self.fault = None
        self.healed.set()
