"""How long to wait before something that failed is tried again."""

from __future__ import annotations

from random import Random


class Backoff:
    """Exponential back-off with full jitter: the n-th wait is uniform between 0 and `first_s` times 2**n, at most `most_s`.

    The jitter keeps several programs that lost the same hub, network or disk from coming back in step; "full" because of
    the variants compared in M. Brooker, Exponential Backoff And Jitter, AWS Architecture Blog, 2015, it makes the fewest
    calls for about the same time to recover. The same `seed` gives the same waits. Used by one thread.

    Raises ValueError where a wait would be negative or shrink.
    """

    def __init__(self, first_s: float = 0.5, most_s: float = 30.0, seed: int | None = None) -> None:
        if not 0.0 <= first_s <= most_s:
            raise ValueError(f"a back-off grows from first_s to most_s, not from {first_s} to {most_s}")
        self._first_s, self._most_s = first_s, most_s
        self._random = Random(seed)
        self._ceiling_s = first_s

    @property
    def ceiling_s(self) -> float:
        """The longest that the next wait may be."""
        return self._ceiling_s

    def next_s(self) -> float:
        """The wait before the next try, in seconds; the one after it may be twice as long."""
        wait_s = self._random.uniform(0.0, self._ceiling_s)
        self._ceiling_s = min(self._most_s, 2.0 * self._ceiling_s)
        return wait_s

    def reset(self) -> None:
        """It works again: the next failure starts from `first_s`."""
        self._ceiling_s = self._first_s
