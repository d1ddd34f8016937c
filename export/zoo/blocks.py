"""What several networks are made of."""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ConvNormReLU(nn.Sequential):
    """Convolution, batch normalisation, ReLU; no bias, since the normalisation would take it away again.

    `padding` None keeps the size (odd kernels); 0 loses (kernel - 1) / 2 pixels a side.
    """

    def __init__(self, inside: int, outside: int, kernel: int = 3, stride: int = 1, padding: int | None = None) -> None:
        border = kernel // 2 if padding is None else padding
        super().__init__(
            nn.Conv2d(inside, outside, kernel, stride, border, bias=False), nn.BatchNorm2d(outside), nn.ReLU(inplace=True)
        )


class DoubleConv(nn.Sequential):
    """U-Net's unit: two 3x3 convolutions, each with batch normalisation and ReLU."""

    def __init__(self, inside: int, outside: int, padding: int | None = None) -> None:
        super().__init__(
            ConvNormReLU(inside, outside, padding=padding),
            ConvNormReLU(outside, outside, padding=padding),
        )


class Doubling(nn.Sequential):
    """Twice the size: a transposed 3x3 convolution with stride 2, batch normalisation, ReLU."""

    def __init__(self, inside: int, outside: int) -> None:
        super().__init__(
            nn.ConvTranspose2d(inside, outside, 3, 2, padding=1, output_padding=1, bias=False),
            nn.BatchNorm2d(outside),
            nn.ReLU(inplace=True),
        )


class Heads(nn.Module):
    """One 1x1 convolution a channel, so that each output is trained or frozen alone: head 0 is the mask, head 1 the edge.

    (N, inside, H, W) -> logits (N, channels, H, W).
    """

    def __init__(self, inside: int, channels: int) -> None:
        super().__init__()
        self.heads = nn.ModuleList([nn.Conv2d(inside, 1, 1) for _ in range(channels)])

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([head(x) for head in self.heads], dim=1)

    def freeze_mask(self) -> None:
        """Head 0 learns no more; what feeds it still may."""
        self.heads[0].requires_grad_(False)

    def edge_parameters(self) -> list[nn.Parameter]:
        """Those of head 1; none where there is a mask only."""
        return [parameter for head in self.heads[1:2] for parameter in head.parameters()]


def without_border(x: Tensor, border_px: int) -> Tensor:
    """The middle of (N, C, H, W), `border_px` less on each side."""
    return x[..., border_px:-border_px, border_px:-border_px]
