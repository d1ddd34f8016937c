"""HemoCam's own network: one small U-Net that sees a whole field at once."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor, nn


class _Block(nn.Sequential):
    """Two 3x3 convolutions, each with batch normalisation and ReLU."""

    def __init__(self, inside: int, outside: int) -> None:
        layers: list[nn.Module] = []
        for first in (inside, outside):
            layers += [nn.Conv2d(first, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)]
        super().__init__(*layers)


class FieldNet(nn.Module):
    """U-Net (Ronneberger et al., MICCAI 2015) between a pixel-unshuffle and a pixel-shuffle (Shi et al., CVPR 2016).

    The shuffles let every convolution work at half the resolution and still give full-resolution logits. Input: (batch, 3,
    height, width) float32 in 0..1, sizes in multiples of 2 ** levels. Output: (batch, channels, height, width) logits.
    """

    def __init__(self, channels: int = 6, widths: Sequence[int] = (24, 48, 96, 96)) -> None:
        super().__init__()
        self.unshuffle = nn.PixelUnshuffle(2)
        self.down = nn.ModuleList()
        inside = 12
        for width in widths:
            self.down.append(_Block(inside, width))
            inside = width
        self.pool = nn.MaxPool2d(2)
        self.grow = nn.Upsample(scale_factor=2, mode="nearest")
        self.up = nn.ModuleList()
        for width in reversed(widths[:-1]):
            self.up.append(_Block(inside + width, width))
            inside = width
        self.head = nn.Conv2d(inside, 4 * channels, 1)
        self.shuffle = nn.PixelShuffle(2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.unshuffle(x)
        skips: list[Tensor] = []
        for level, block in enumerate(self.down):
            x = block(x if level == 0 else self.pool(x))
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([self.grow(x), skip], dim=1))
        logits: Tensor = self.shuffle(self.head(x))
        return logits


def field_net(channels: int = 6, width: int | None = None) -> FieldNet:
    """`FieldNet` by the number of its first filters: (width, 2, 4, 4 times width), 24 being what ships."""
    first = width or 24
    return FieldNet(channels, (first, 2 * first, 4 * first, 4 * first))
