"""What a check of the record may find."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class FindingKind(str, Enum):
    DAMAGED = "damaged"
    UNREADABLE = "unreadable"
    LEDGER = "ledger"
    COUNTS = "counts"
    MISSING_PICTURE = "missing picture"
    DAMAGED_PICTURE = "damaged picture"
    ORPHAN_PICTURE = "orphan picture"
    UNDROPPED_PICTURE = "picture not yet dropped"
    HALF_WRITTEN = "half-written file"
    STALE_LOCK = "stale lock"
    OLD_SCHEMA = "old schema"


HARMLESS = frozenset({FindingKind.UNDROPPED_PICTURE, FindingKind.HALF_WRITTEN, FindingKind.STALE_LOCK, FindingKind.OLD_SCHEMA})
"""Nothing that anybody counts on is wrong; a repair tidies them away all the same."""


@dataclass(frozen=True, slots=True)
class Finding:
    """`where` is a file or a session, `text` what is wrong there, in one line."""

    kind: FindingKind
    where: str
    text: str

    @property
    def harmless(self) -> bool:
        return self.kind in HARMLESS
