"""Numbers as rows of blocks."""

from __future__ import annotations

from collections.abc import Sequence

_STEPS = "▁▂▃▄▅▆▇█"
_FULL, _EMPTY = "▰", "▱"
UNKNOWN_STEP = "·"


def gauge(share: float, columns: int = 10) -> str:
    """`columns` signs, as many of them full as `share` (0..1, clipped) says."""
    full = round(min(1.0, max(0.0, share)) * columns)
    return _FULL * full + _EMPTY * (columns - full)


def sparkline(numbers: Sequence[int | None], columns: int) -> str:
    """The last `columns` numbers, from the smallest (▁) to the largest (█) of them; · where one is not known.

    Numbers that are all the same lie in the middle.
    """
    shown = list(numbers)[-columns:] if columns > 0 else []
    known = [number for number in shown if number is not None]
    low, high = min(known, default=0), max(known, default=0)
    top = len(_STEPS) - 1
    middle = _STEPS[top // 2]

    def step(number: int) -> str:
        return middle if low == high else _STEPS[round(top * (number - low) / (high - low))]

    return "".join(UNKNOWN_STEP if number is None else step(number) for number in shown)


def spread(numbers: Sequence[int | None]) -> str:
    """The smallest and the largest that are known, as `96–140`; "" where none is."""
    known = [number for number in numbers if number is not None]
    if not known:
        return ""
    return f"{min(known)}" if min(known) == max(known) else f"{min(known)}–{max(known)}"
