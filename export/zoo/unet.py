"""U-Net in the forms of AneRBC and of Elsafty et al."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.zoo.blocks import DoubleConv

_STEPS = 4


class UNet(nn.Module):
    """The standard U-Net (Ronneberger et al., MICCAI 2015), as AneRBC uses it without giving its layers.

    Five resolutions, `width` to 16 * `width` filters, transposed 2x2 convolutions. Two things differ from 2015, as in nearly
    all later use: convolutions are padded, so that logits are as large as the picture, and normalised by batch.
    (N, 3, H, W) in 0..1, H and W in multiples of 16 -> logits (N, channels, H, W).
    """

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        widths = [(width or 64) * 2**step for step in range(_STEPS + 1)]
        self.down = nn.ModuleList([DoubleConv(inside, outside) for inside, outside in zip([3, *widths], widths, strict=False)])
        self.pool = nn.MaxPool2d(2)
        self.grow = nn.ModuleList([nn.ConvTranspose2d(2 * one, one, 2, 2) for one in reversed(widths[:-1])])
        self.up = nn.ModuleList([DoubleConv(2 * one, one) for one in reversed(widths[:-1])])
        self.head = nn.Conv2d(widths[0], channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for step, block in enumerate(self.down):
            x = block(x if step == 0 else self.pool(x))
            skips.append(x)
        for grow, block, skip in zip(self.grow, self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([skip, grow(x)], dim=1))
        logits: Tensor = self.head(x)
        return logits


class _ReLUThenNorm(nn.Sequential):
    """Two 3x3 convolutions, ReLU before the normalisation: the order in Elsafty et al., section 4.2."""

    def __init__(self, inside: int, outside: int) -> None:
        layers: list[nn.Module] = []
        for first in (inside, outside):
            layers += [nn.Conv2d(first, outside, 3, padding=1), nn.ReLU(inplace=True), nn.BatchNorm2d(outside)]
        super().__init__(*layers)


class _PlainPair(nn.Sequential):
    """Two 3x3 convolutions with ReLU, without normalisation: the expansive path in Elsafty et al., section 4.2."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(
            nn.Conv2d(inside, outside, 3, padding=1), nn.ReLU(inplace=True),
            nn.Conv2d(outside, outside, 3, padding=1), nn.ReLU(inplace=True),
        )  # fmt: skip


class _Grow(nn.Sequential):
    """Upsampling, then a 2x2 convolution that halves the channels; "same" pads right and below, as it does in Keras."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(nn.Upsample(scale_factor=2, mode="nearest"), nn.Conv2d(inside, outside, 2, padding="same"))


class ElsaftyUNet(nn.Module):
    """U-Net as Elsafty et al., section 4.2, put it: ReLU before normalisation on the way down, none of it on the way up.

    The paper takes 80 x 80 px crops and names no number of filters; 64 is U-Net's own. (N, 3, H, W) in 0..1, H and W in
    multiples of 16 -> logits (N, channels, H, W).
    """

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        widths = [(width or 64) * 2**step for step in range(_STEPS + 1)]
        self.down = nn.ModuleList(
            [_ReLUThenNorm(inside, outside) for inside, outside in zip([3, *widths], widths, strict=False)]
        )
        self.pool = nn.MaxPool2d(2)
        self.grow = nn.ModuleList([_Grow(2 * one, one) for one in reversed(widths[:-1])])
        self.up = nn.ModuleList([_PlainPair(2 * one, one) for one in reversed(widths[:-1])])
        self.head = nn.Conv2d(widths[0], channels, 1)
        for layer in self.modules():
            if isinstance(layer, nn.Conv2d):  # half the network has no normalisation that would hold its variance
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for step, block in enumerate(self.down):
            x = block(x if step == 0 else self.pool(x))
            skips.append(x)
        for grow, block, skip in zip(self.grow, self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([grow(x), skip], dim=1))
        logits: Tensor = self.head(x)
        return logits
