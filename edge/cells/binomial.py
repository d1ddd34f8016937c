"""The exact interval of a share."""

from __future__ import annotations

from collections.abc import Callable
from math import exp, lgamma, log

LEVEL = 0.95
_STEPS = 60


def exact_interval(successes: int, number: int) -> tuple[float, float]:
    """The 95 % interval (0..1, both ends) of a share of which `successes` of `number` were seen: Clopper and Pearson,
    Biometrika 26, 1934; what Rümke's table gives for a differential (CLSI H20-A2). (0, 1) of nothing.

    Raises ValueError where there are more successes than cells, or fewer than none.
    """
    if not 0 <= successes <= number:
        raise ValueError(f"{successes} of {number} is no share")
    if number == 0:
        return 0.0, 1.0
    tail = (1.0 - LEVEL) / 2.0
    low = 0.0 if successes == 0 else _bisected(lambda share: 1.0 - _at_most(successes - 1, number, share) < tail)
    high = 1.0 if successes == number else _bisected(lambda share: _at_most(successes, number, share) > tail)
    return low, high


def _bisected(below: Callable[[float], bool]) -> float:
    """The share up to which `below` holds."""
    low, high = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (low + high) / 2.0
        low, high = (middle, high) if below(middle) else (low, middle)
    return (low + high) / 2.0


def _at_most(successes: int, number: int, share: float) -> float:
    """The probability of that many or fewer, by the binomial distribution."""
    if share <= 0.0 or share >= 1.0:
        return 1.0 if share <= 0.0 else 0.0
    all_ways = lgamma(number + 1)
    return min(
        1.0,
        sum(
            exp(all_ways - lgamma(k + 1) - lgamma(number - k + 1) + k * log(share) + (number - k) * log(1.0 - share))
            for k in range(successes + 1)
        ),
    )
