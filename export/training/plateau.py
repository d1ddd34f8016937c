"""When the loss stops falling: a smaller learning rate, then the end."""

from __future__ import annotations

import math
from collections.abc import Mapping

from export.training.recipes import Schedule


class Plateau:
    """Keras' two rules, as Elsafty et al. (4.4) used them: the learning rate times `factor` once the loss has not fallen by
    `min_delta` for `patience_epochs`, the end after `stop_after_epochs` without a fall.

    Each rule has its own count of epochs, and a cut restarts that of the learning rate alone.
    """

    def __init__(self, schedule: Schedule) -> None:
        self._schedule = schedule
        self.scale = 1.0
        self._best = math.inf
        self._waited = 0
        self._idle = 0

    def seen(self, loss: float) -> bool:
        """Take in one epoch's loss; True where training ends now."""
        rule = self._schedule
        if loss < self._best - rule.min_delta:
            self._best, self._waited, self._idle = loss, 0, 0
        else:
            self._waited += 1
            self._idle += 1
        if rule.kind == "plateau" and self._waited >= rule.patience_epochs:
            self.scale *= rule.factor
            self._waited = 0
        return rule.stop_after_epochs is not None and self._idle >= rule.stop_after_epochs

    def state(self) -> dict[str, float | int]:
        """What a checkpoint keeps."""
        return {"scale": self.scale, "best": self._best, "waited": self._waited, "idle": self._idle}

    def restore(self, state: Mapping[str, float | int]) -> None:
        """Go on from `state`."""
        self.scale, self._best = float(state["scale"]), float(state["best"])
        self._waited, self._idle = int(state["waited"]), int(state["idle"])


def cosine(step: int, steps: int) -> float:
    """A linear start over 3 % of the steps, then a half cosine to a hundredth (Loshchilov and Hutter, ICLR 2017)."""
    start = max(1, steps * 3 // 100)
    if step < start:
        return (step + 1) / start
    done = (step - start) / max(1, steps - start)
    return 0.01 + 0.99 * 0.5 * (1.0 + math.cos(math.pi * done))
