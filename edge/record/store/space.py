"""How much room is left on the disk that the record lies on."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Literal, NamedTuple

from edge.record.store.errors import file_errors

SOFT_FREE_BYTES = 2_000_000_000
HARD_FREE_BYTES = 200_000_000
SLACK = 1.1
"""A limit once crossed is left again 10 % above it, or the level would flap with every picture."""

Level = Literal["ok", "low", "full"]


class Space(NamedTuple):
    """`level` is one of DiskLevel's words."""

    free_bytes: int
    level: Level


class SpaceGuard:
    """Below `soft_free_bytes` the disk is low: pictures go by the retention policy. Below `hard_free_bytes` it is full:
    no pictures, no new fields; what is in hand is still recorded. Raises ValueError where hard is not below soft."""

    def __init__(self, folder: Path, soft_free_bytes: int = SOFT_FREE_BYTES, hard_free_bytes: int = HARD_FREE_BYTES) -> None:
        if not 0 <= hard_free_bytes < soft_free_bytes:
            raise ValueError(f"the hard limit ({hard_free_bytes} bytes free) must lie below the soft one ({soft_free_bytes})")
        self.folder, self.soft_free_bytes, self.hard_free_bytes = folder, soft_free_bytes, hard_free_bytes
        self._last: Level = "ok"

    def level(self) -> Space:
        """What is free for us now, in bytes, and what that means. Raises StoreError where the disk cannot be asked."""
        free_bytes = free_bytes_at(self.folder)
        hard = self.hard_free_bytes * (SLACK if self._last == "full" else 1)
        soft = self.soft_free_bytes * (1 if self._last == "ok" else SLACK)
        self._last = "full" if free_bytes < hard else "low" if free_bytes < soft else "ok"
        return Space(free_bytes, self._last)

    @property
    def wanted_free_bytes(self) -> int:
        """As much must be free before the level is "ok" again: retention's goal."""
        return int(self.soft_free_bytes * SLACK) + 1


def free_bytes_at(folder: Path) -> int:
    """Free for an ordinary user: what is reserved for root does not count."""
    with file_errors(folder):
        there = os.statvfs(folder)
    return there.f_bavail * there.f_frsize
