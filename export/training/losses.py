"""What training makes small."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor

from export.training.targets import OUTLINE, PLT, RBC, RED, WBC

CHANNEL_WEIGHTS = (1.0, 1.0, 2.0, 1.0, 1.0, 1.5, 1.5, 4.0)
"""In the order of CHANNELS: centres decide the count, platelets are rare; a size's entropy hardly falls below ln 2, and what
is learnt of it lies in the last hundredths."""
POSITIVE_WEIGHTS = (1.0, 1.5, 8.0, 2.0, 8.0, 4.0, 10.0, 1.0)
"""How much more a certain pixel weighs than an empty one, against the imbalance of each class."""
INSIDE_WHITE = 3.0
"""How much more it weighs that nothing is red inside a white cell: granules, vacuoles and lobes look like red cells."""
DICE_CHANNELS = (RBC, OUTLINE, WBC, PLT)


def field_loss(logits: Tensor, targets: Tensor, known: Tensor) -> Tensor:
    """Cross-entropy with soft targets plus Dice (Milletari et al., 3DV 2016) over what is known.

    `logits` (batch, 8, height, width), `targets` alike in 0..1, `known` alike, 1 where a target counts. A scalar.
    """
    positive = targets.new_tensor(POSITIVE_WEIGHTS)[None, :, None, None]
    channel = targets.new_tensor(CHANNEL_WEIGHTS)
    weight = known * (1.0 + (positive - 1.0) * targets)
    red = weight.new_zeros(weight.shape[1])
    red[list(RED)] = INSIDE_WHITE
    white = (known * targets)[:, WBC : WBC + 1]
    weight = weight * (1.0 + red[None, :, None, None] * white)
    entropy = F.binary_cross_entropy_with_logits(logits, targets, reduction="none") * weight
    by_channel = entropy.sum(dim=(0, 2, 3)) / known.sum(dim=(0, 2, 3)).clamp(min=1.0)
    some = list(DICE_CHANNELS)
    said, true = torch.sigmoid(logits[:, some]) * known[:, some], targets[:, some] * known[:, some]
    overlap, total = (said * true).sum(dim=(0, 2, 3)), (said + true).sum(dim=(0, 2, 3))
    dice = 1.0 - (2.0 * overlap + 50.0) / (total + 50.0)
    return (by_channel * channel).sum() + 0.5 * (dice * channel[some]).sum()
