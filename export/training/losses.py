"""What training makes small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

CHANNEL_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 1.5)
"""RBC, outline, centre, WBC, WBC centre, platelet: centres decide the count, platelets are rare."""
POSITIVE_WEIGHTS = (1.0, 1.5, 8.0, 2.0, 8.0, 4.0)
"""How much more a certain pixel weighs than an empty one, against the imbalance of each class."""
DICE_CHANNELS = (0, 1, 3, 5)


def field_loss(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy with soft targets plus Dice (Milletari et al., 3DV 2016) over what is known.

    `logits` (batch, 6, height, width), `targets` alike in 0..1, `known` alike, 1 where a target counts. A scalar.
    """
    positive = targets.new_tensor(POSITIVE_WEIGHTS)[None, :, None, None]
    channel = targets.new_tensor(CHANNEL_WEIGHTS)
    weight = known * (1.0 + (positive - 1.0) * targets)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none") * weight
    by_channel = entropy.sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1.0)
    some = list(DICE_CHANNELS)
    said, true = torch.sigmoid(logits[:, some]) * known[:, some], targets[:, some] * known[:, some]
    overlap, total = (said * true).sum(dim=(0, 2, 3)), (said + true).sum(dim=(0, 2, 3))
    dice = 1.0 - (2.0 * overlap + 50.0) / (total + 50.0)
    return (by_channel * channel).sum() + 0.5 * (dice * channel[some]).sum()
