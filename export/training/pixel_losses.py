"""Losses of segmentation over the pixels that somebody labelled."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import torch
import torch.nn.functional as F
from torch import Tensor

PixelLoss = Callable[[Tensor, Tensor, Tensor], Tensor]
LossName = Literal["bce", "bce-dice", "dice", "mse", "tversky", "l1"]
SMOOTH_PX = 50.0
"""Added to both sides of Dice and Tversky, so that a crop without cells costs nothing when none are found."""
TVERSKY_FALSE_POSITIVES, TVERSKY_FALSE_NEGATIVES = 0.3, 0.7
"""Salehi et al., MLMI 2017."""


def _mean(each: Tensor, known: Tensor) -> Tensor:
    """(batch, channels, height, width) -> (channels,): the mean over what is known."""
    return (each * known).sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1.0)


def bce(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy by channel."""
    return _mean(F.binary_cross_entropy_with_logits(logits, targets, reduction="none"), known)


def mse(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Mean square error of the probabilities by channel (DCED-Net, equation 6)."""
    return _mean((logits.sigmoid() - targets) ** 2, known)


def l1(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Mean absolute error of the probabilities by channel (Isola et al., CVPR 2017, equation 3)."""
    return _mean((logits.sigmoid() - targets).abs(), known)


def tversky(
    logits: Tensor, targets: Tensor, known: Tensor,
    false_positives: float = TVERSKY_FALSE_POSITIVES, false_negatives: float = TVERSKY_FALSE_NEGATIVES,
) -> Tensor:  # fmt: skip
    """1 - Tversky index by channel: TP / (TP + a FP + b FN) (Salehi et al., 2017, equation 3)."""
    said, true = logits.sigmoid() * known, targets * known
    both = (said * true).sum(dim=(0, 2, 3))
    only_said, only_true = said.sum(dim=(0, 2, 3)) - both, true.sum(dim=(0, 2, 3)) - both
    return 1.0 - (both + SMOOTH_PX / 2) / (both + false_positives * only_said + false_negatives * only_true + SMOOTH_PX / 2)


def dice(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """1 - soft Dice by channel (Milletari et al., 3DV 2016, but without squares)."""
    return tversky(logits, targets, known, 0.5, 0.5)


def bce_dice(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Binary cross-entropy plus 1 - Dice, by channel."""
    return bce(logits, targets, known) + dice(logits, targets, known)


_LOSSES: dict[LossName, PixelLoss] = {
    "bce": bce, "bce-dice": bce_dice, "dice": dice, "mse": mse, "tversky": tversky, "l1": l1,
}  # fmt: skip


def pixel_loss(name: LossName, weights: tuple[float, ...] | None = None) -> PixelLoss:
    """The loss of that name: logits, targets in 0..1 and known (1 where a target counts), each (batch, channels, height,
    width), give a scalar, the mean of the channels by `weights`."""
    loss = _LOSSES[name]

    def weighted(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
        by_channel = loss(logits, targets, known)
        shares = by_channel.new_tensor(weights) if weights is not None else torch.ones_like(by_channel)
        return (by_channel * shares).sum() / shares.sum()

    return weighted


def overlap(logits: Tensor, targets: Tensor, known: Tensor) -> float:
    """Intersection over union of the first channel's mask, where known; 1 where both are empty."""
    said, true = (logits[:, 0] > 0) & (known[:, 0] > 0.5), (targets[:, 0] > 0.5) & (known[:, 0] > 0.5)
    union = int((said | true).sum())
    return int((said & true).sum()) / union if union else 1.0
