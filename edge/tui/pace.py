"""How often the screen is drawn, so that it takes little from the counting."""

from __future__ import annotations

# Of one core; on two cores at full work this is what the screen may slow the loop by.
_SHARE = 0.1
_LONGEST_S = 1.0
_NEWEST_WEIGHT = 0.3


class Pace:
    """The time between two looks: never shorter than `shortest_s`, longer where looks cost more than a share of a core.

    A line that is slow or a machine that is busy gets fewer pictures, not a pile of them.
    """

    def __init__(self, shortest_s: float, share: float = _SHARE) -> None:
        self.shortest_s = shortest_s
        self._share = share
        self._cost_s = 0.0

    def after(self, cost_s: float) -> float:
        """Seconds until the next look, after one that took `cost_s` seconds of processor time."""
        self._cost_s += _NEWEST_WEIGHT * (cost_s - self._cost_s)
        return min(_LONGEST_S, max(self.shortest_s, self._cost_s / self._share))
