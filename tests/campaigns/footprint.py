"""What a process holds of the machine, read from /proc."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Footprint:
    """Resident memory in bytes, threads (of the kernel's counting) and open file descriptors."""

    resident_bytes: int
    threads: int
    descriptors: int


def footprint(process: Path = Path("/proc/self")) -> Footprint:
    """Of the process of that folder of /proc (proc(5): VmRSS is in kB)."""
    lines = dict(line.split(":", 1) for line in (process / "status").read_text().splitlines() if ":" in line)
    resident_bytes = 1024 * int(lines["VmRSS"].split()[0])
    return Footprint(resident_bytes, int(lines["Threads"]), sum(1 for _ in (process / "fd").iterdir()))
