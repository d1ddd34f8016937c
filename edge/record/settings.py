"""How a session is recorded."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from edge.record.store.space import HARD_FREE_BYTES, SOFT_FREE_BYTES


class SaveImages(str, Enum):
    """Which pictures are kept beside the record."""

    COUNTED = "counted"
    ALL = "all"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class RecordSettings:
    """How a session is recorded. `resume` goes on with this camera's last session where that was interrupted and is of the
    same model and specimen. Below `soft_free_bytes` old pictures go, below `hard_free_bytes` none is written any more.
    So many `daily_backups` of the database are kept beside it."""

    save_images: SaveImages = SaveImages.COUNTED
    resume: bool = False
    soft_free_bytes: int = SOFT_FREE_BYTES
    hard_free_bytes: int = HARD_FREE_BYTES
    daily_backups: int = 7
