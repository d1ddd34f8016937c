"""SegNet's unpooling: a value goes back to where the maximum was, in two forms that give the same."""

from __future__ import annotations

from enum import Enum

import torch
import torch.nn.functional as F
from torch import Tensor


class Unpooling(Enum):
    """INDICES: torch's MaxUnpool, quick, but TensorRT refuses MaxPool with indices. MASK: what it accepts."""

    INDICES = "indices"
    MASK = "mask"


def _places(like: Tensor) -> Tensor:
    """(1, 1, 2H, 2W) for a pooled (N, C, H, W): 4 3 / 2 1 in each 2x2 window."""
    order = torch.tensor([[[[4.0, 3.0], [2.0, 1.0]]]], dtype=like.dtype, device=like.device)
    return F.conv_transpose2d(torch.ones_like(like[:1, :1]), order, stride=2)


def maxima(x: Tensor, pooled: Tensor) -> Tensor:
    """bool as x: where the maximum of each 2x2 window is; of several equal ones the first by rows, as MaxPool's index is.

    `x == nearest_up(pooled)` alone marks all of them. After a ReLU that is common: every window without an active pixel is
    four equal zeros, and the unpooled value would come back four times instead of once.
    """
    equal = x == F.interpolate(pooled, scale_factor=2.0, mode="nearest")
    rank = torch.where(equal, _places(pooled), torch.zeros((), dtype=x.dtype, device=x.device))
    return rank == F.interpolate(F.max_pool2d(rank, 2), scale_factor=2.0, mode="nearest")


def pool(x: Tensor, form: Unpooling) -> tuple[Tensor, Tensor]:
    """2x2 maxima of (N, C, 2H, 2W) and where they were: indices int64 (N, C, H, W), or a mask bool (N, C, 2H, 2W)."""
    if form is Unpooling.INDICES:
        pooled, indices = F.max_pool2d(x, 2, return_indices=True)
        return pooled, indices
    pooled = F.max_pool2d(x, 2)
    return pooled, maxima(x, pooled)


def unpool(x: Tensor, where: Tensor, form: Unpooling) -> Tensor:
    """(N, C, H, W) spread over (N, C, 2H, 2W): each value where its maximum was, 0 elsewhere."""
    if form is Unpooling.INDICES:
        return F.max_unpool2d(x, where, (2, 2))
    grown = F.interpolate(x, scale_factor=2.0, mode="nearest")
    return torch.where(where, grown, torch.zeros((), dtype=x.dtype, device=x.device))
