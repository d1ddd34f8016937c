"""The running average of a network's weights."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

import torch
from torch import Tensor, nn


class Average:
    """Exponential moving average (Polyak and Juditsky, 1992) of all of a state dict's floats; whole numbers are copied.

    It keeps tensors and no second module, so that it takes networks that cannot be copied. For its first steps the decay grows
    as (1 + n) / (10 + n), so that the random start is soon forgotten.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay, self._updates = decay, 0
        self._kept = {name: value.detach().clone() for name, value in network.state_dict().items()}

    @torch.no_grad()
    def update(self, network: nn.Module) -> None:
        """Take in the weights as they are now."""
        decay = min(self._decay, (1 + self._updates) / (10 + self._updates))
        self._updates += 1
        for name, value in network.state_dict().items():
            if value.is_floating_point():
                self._kept[name].lerp_(value.detach(), 1.0 - decay)
            else:
                self._kept[name].copy_(value)

    def state_dict(self) -> dict[str, Tensor]:
        """The averaged weights: the state dict that the network takes."""
        return dict(self._kept)

    def state(self) -> dict[str, object]:
        """What a checkpoint keeps."""
        return {"kept": self._kept, "updates": self._updates}

    def restore(self, state: Mapping[str, object]) -> None:
        """Go on from `state`."""
        kept, updates = state["kept"], state["updates"]
        assert isinstance(kept, dict) and isinstance(updates, int)
        for name, value in kept.items():
            self._kept[name].copy_(value)
        self._updates = updates


@contextmanager
def averaged(network: nn.Module, average: Average | None) -> Iterator[None]:
    """Inside, the network has its averaged weights (its own if there is no average)."""
    if average is None:
        yield
        return
    own = {name: value.detach().clone() for name, value in network.state_dict().items()}
    network.load_state_dict(average.state_dict())
    try:
        yield
    finally:
        network.load_state_dict(own)
