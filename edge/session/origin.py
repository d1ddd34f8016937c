"""How a session was made."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class SessionOrigin:
    """What a session's record says of how it was made; `settings` is anything that JSON holds."""

    camera: str
    simulated: bool
    model: str
    model_sha256: str
    runtime: str
    specimen: str = ""
    operator: str = ""
    note: str = ""
    um_per_px: float | None = None
    settings: Mapping[str, object] | None = None
