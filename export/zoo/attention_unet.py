"""Attention U-Net: gates on U-Net's skips that let through what the coarser level points at."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.zoo.blocks import DoubleConv

_STEPS = 4


class AttentionGate(nn.Module):
    """The additive gate of Oktay et al., equation 1 and figure 2, in two dimensions.

    The skip is brought to the gate's resolution (a 2x2 convolution with stride 2), added to the gate, made one coefficient in
    0..1 a position, and that is brought back by linear interpolation. skip (N, C, 2H, 2W), gate (N, 2C, H, W) -> as skip.
    """

    def __init__(self, skip: int, gate: int, between: int) -> None:
        super().__init__()
        self.of_skip = nn.Conv2d(skip, between, 2, 2, bias=False)
        self.of_gate = nn.Conv2d(gate, between, 1)
        self.coefficient = nn.Sequential(
            nn.ReLU(inplace=True), nn.Conv2d(between, 1, 1), nn.Sigmoid(), nn.Upsample(scale_factor=2, mode="bilinear")
        )
        self.out = nn.Sequential(nn.Conv2d(skip, skip, 1, bias=False), nn.BatchNorm2d(skip))

    def coefficients(self, skip: Tensor, gate: Tensor) -> Tensor:
        """(N, 1, 2H, 2W) in 0..1: how much of the skip passes."""
        passed: Tensor = self.coefficient(self.of_skip(skip) + self.of_gate(gate))
        return passed

    def forward(self, skip: Tensor, gate: Tensor) -> Tensor:
        gated: Tensor = self.out(skip * self.coefficients(skip, gate))
        return gated


class AttentionUNet(nn.Module):
    """Attention U-Net (Oktay et al., MIDL 2018) in two dimensions, with U-Net's filters: AneRBC names no others.

    (N, 3, H, W) in 0..1, H and W in multiples of 16 -> logits (N, channels, H, W).
    """

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        widths = [(width or 64) * 2**step for step in range(_STEPS + 1)]
        self.down = nn.ModuleList([DoubleConv(inside, outside) for inside, outside in zip([3, *widths], widths, strict=False)])
        self.pool = nn.MaxPool2d(2)
        above = list(reversed(widths[:-1]))
        self.gates = nn.ModuleList([AttentionGate(one, 2 * one, one) for one in above])
        self.grow = nn.ModuleList([nn.ConvTranspose2d(2 * one, one, 2, 2) for one in above])
        self.up = nn.ModuleList([DoubleConv(2 * one, one) for one in above])
        self.head = nn.Conv2d(widths[0], channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for step, block in enumerate(self.down):
            x = block(x if step == 0 else self.pool(x))
            skips.append(x)
        for gate, grow, block, skip in zip(self.gates, self.grow, self.up, reversed(skips[:-1]), strict=True):
            x = block(torch.cat([gate(skip, x), grow(x)], dim=1))
        logits: Tensor = self.head(x)
        return logits
