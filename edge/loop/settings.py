"""How a session runs."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class LoopSettings:
    """`auto` counts every fit field by itself; `overlap_max` is the share of a field that may have been counted before; a
    session ends after `stop_after_fields` or `stop_after_s`; fields are at least `interval_s` apart. A camera that gives
    nothing for `read_timeout_s` is lost, a frame that is inferred later than `deadline_s` failed. `notices` are what the
    person must be told at the beginning, such as that another runtime was taken. With `rests` the engine rests while the
    stage does: what shows a field that was counted is not inferred again."""

    auto: bool
    model: str
    runtime: str
    overlap_max: float = 0.05
    stop_after_fields: int | None = None
    stop_after_s: float | None = None
    interval_s: float = 0.0
    notices: tuple[str, ...] = ()
    read_timeout_s: float = 5.0
    deadline_s: float = 30.0
    rests: bool = True
