"""Small networks as training would have left them."""

from __future__ import annotations

import torch

from export.zoo.field import FieldNet

WIDTHS = (6, 8)
UNIT_PX = 4


def network(seed: int = 0, channels: int = 6) -> FieldNet:
    """Random weights, with batch statistics of random pictures: as far from fresh ones as trained ones are."""
    torch.manual_seed(seed)
    made = FieldNet(channels, WIDTHS).train()
    with torch.inference_mode():
        for _ in range(40):
            made(torch.rand(4, 3, 32, 32))
    return made.eval()
