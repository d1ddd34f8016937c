"""What a person settles before a session begins."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_UM_PER_PX, MOST_UM_PER_PX = 0.001, 50.0


@dataclass(frozen=True, slots=True)
class Setup:
    """`camera` is the index of a choice; `um_per_px` is micrometres per pixel, None where nobody measured it; `auto`
    counts every new field by itself. Raises ValueError where `um_per_px` is not a positive number that can be one."""

    camera: int = 0
    specimen: str = ""
    operator: str = ""
    um_per_px: float | None = None
    auto: bool = False

    def __post_init__(self) -> None:
        if self.um_per_px is not None and not LEAST_UM_PER_PX <= self.um_per_px <= MOST_UM_PER_PX:
            allowed = f"{LEAST_UM_PER_PX} to {MOST_UM_PER_PX:.0f} µm per pixel"
            raise ValueError(f"{self.um_per_px:g} is not {allowed}; leave it empty where nobody measured it")
