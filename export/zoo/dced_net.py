"""DCED-Net: four encoder-decoders in a row, each of which sees the picture and what all before it found."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn

from export.zoo.architecture import ZooError
from export.zoo.blocks import ConvNormReLU, Doubling

LEVELS = 4
THRESHOLDS = (0.50, 0.80, 0.95)
"""What the first three levels must reach before the next one is trained (section III-C there)."""

_POOLS = 5
_DROPOUT = 0.2


def agreement(logits: Tensor, masks: Tensor) -> float:
    """The paper's comparison C_o of equation 2: the share, 0..1, of pixels whose label is the true one.

    logits and masks (N, channels, H, W); a mask's pixel is in when over 0.5, a logit's when over 0.
    """
    return float(((logits > 0.0) == (masks > 0.5)).float().mean())


def level_to_train(agreements: Sequence[float]) -> int:
    """Equations 3 and 4: the first level (from 0) that is still under its threshold; the last when all three reached theirs.

    `agreements`, 0..1, of levels 0, 1, ... as far as known: a level not measured yet has not reached anything.
    """
    for level, threshold in enumerate(THRESHOLDS):
        if level >= len(agreements) or agreements[level] < threshold:
            return level
    return LEVELS - 1


class _Pool(nn.Module):
    """One pool of layers: a 3x3 convolution, its input beside its output ("concatenated with the original input"), another."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__()
        self.first = ConvNormReLU(inside, outside)
        self.second = ConvNormReLU(inside + outside, outside)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.second(torch.cat([x, self.first(x)], dim=1))
        return out


class _Level(nn.Module):
    """One encoder-decoder: five pools down by average pooling, five up by transposed convolution, skips between equal sizes.

    Dropout of 0.2 in the encoder's last two pools and the decoder's first two.
    """

    def __init__(self, inside: int, channels: int, width: int) -> None:
        super().__init__()
        widths = [width * 2**step for step in range(_POOLS)]
        self.down = nn.ModuleList([_Pool(one, outside) for one, outside in zip([inside, *widths], widths, strict=False)])
        self.shrink = nn.AvgPool2d(2)
        self.dropout = nn.Dropout(_DROPOUT)
        above = list(reversed(widths))
        self.grow = nn.ModuleList([Doubling(one, outside) for one, outside in zip([above[0], *above], above, strict=False)])
        self.up = nn.ModuleList([_Pool(2 * one, one) for one in above])
        self.head = nn.Conv2d(width, channels, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """(N, inside, H, W) -> features (N, width, H, W) and logits (N, channels, H, W)."""
        skips: list[Tensor] = []
        for step, pool in enumerate(self.down):
            x = pool(x)
            skips.append(x)
            x = self.shrink(x)
            if step >= _POOLS - 2:
                x = self.dropout(x)
        for step, (grow, pool, skip) in enumerate(zip(self.grow, self.up, reversed(skips), strict=True)):
            x = pool(torch.cat([grow(x), skip], dim=1))
            if step < 2:
                x = self.dropout(x)
        return x, self.head(x)


class DCEDNet(nn.Module):
    """DCED-Net (Shahzad et al., IEEE Access 2021, doi 10.1109/ACCESS.2021.3131768), figures 4 to 6.

    A level is an encoder-decoder with `width` to 16 * `width` filters: 320 x 320 px to 10 x 10 x 512 at `width` 32. It takes
    the picture with the last features and the probabilities of every level before it. The paper also sends a level's output
    back into the same level until its threshold is reached; that is training (`level_to_train`, `learn_only`), not a loop in
    the network: an engine has none. Its "transpose convolution with max pooling" is read as transposed convolution alone.
    (N, 3, H, W) in 0..1, H and W in multiples of 32 -> logits (N, channels, H, W) of the last level.
    """

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        first = width or 32
        self.level = nn.ModuleList([_Level(3 + number * (first + channels), channels, first) for number in range(LEVELS)])

    def levels(self, x: Tensor, count: int = LEVELS) -> list[Tensor]:
        """The logits of the first `count` levels, each (N, channels, H, W)."""
        seen = x
        found: list[Tensor] = []
        for level in self.level[:count]:
            features, logits = level(seen)
            found.append(logits)
            seen = torch.cat([seen, features, logits.sigmoid()], dim=1)
        return found

    def forward(self, x: Tensor) -> Tensor:
        return self.levels(x)[-1]

    def learn_only(self, number: int) -> None:
        """The other levels keep their weights: "the training of the current level was stopped" before the next one's."""
        if not 0 <= number < LEVELS:
            raise ZooError(f"DCED-Net has levels 0 to {LEVELS - 1}, not {number}")
        for one, level in enumerate(self.level):
            level.requires_grad_(one == number)
