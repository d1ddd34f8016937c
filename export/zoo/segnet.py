"""SegNet: VGG16's convolutions down, their mirror up, and where each maximum was in between."""

from __future__ import annotations

from torch import Tensor, nn

from export.zoo.blocks import ConvNormReLU, Heads
from export.zoo.unpooling import Unpooling, pool, unpool

_CONVOLUTIONS = (2, 2, 3, 3, 3)
"""VGG16's thirteen, by resolution (Simonyan and Zisserman, ICLR 2015, column D)."""


class SegNet(nn.Module):
    """SegNet (Badrinarayanan et al., PAMI 2017) as Aghiles et al. use it: 13 + 13 convolutions, each normalised, ReLU.

    One channel is its single form, two are its dual form ("do-SegNet"): channel 0 the mask, channel 1 the edge, with a head
    each. `width` 64 is VGG16's. (N, 3, H, W) in 0..1, H and W in multiples of 32; the paper's are 128 px -> logits (N,
    channels, H, W). `unpooling` switches between two forms that give the same (see `unpooling.py`); only MASK is exported.
    """

    def __init__(self, channels: int = 1, width: int | None = None, unpooling: Unpooling = Unpooling.MASK) -> None:
        super().__init__()
        self.unpooling = unpooling
        first = width or 64
        widths = [first * min(8, 2**step) for step in range(len(_CONVOLUTIONS))]
        self.encoder = nn.ModuleList(
            [
                nn.Sequential(ConvNormReLU(inside, outside), *(ConvNormReLU(outside, outside) for _ in range(count - 1)))
                for inside, outside, count in zip([3, *widths], widths, _CONVOLUTIONS, strict=False)
            ]
        )
        self.decoder = nn.ModuleList(
            [
                nn.Sequential(*(ConvNormReLU(inside, inside) for _ in range(count - 1)), ConvNormReLU(inside, outside))
                for inside, outside, count in zip(
                    reversed(widths), [*reversed(widths[:-1]), first], reversed(_CONVOLUTIONS), strict=True
                )
            ]
        )
        self.head = Heads(first, channels)

    def forward(self, x: Tensor) -> Tensor:
        places: list[Tensor] = []
        for block in self.encoder:
            x, where = pool(block(x), self.unpooling)
            places.append(where)
        for block, where in zip(self.decoder, reversed(places), strict=True):
            x = block(unpool(x, where, self.unpooling))
        logits: Tensor = self.head(x)
        return logits

    def freeze_mask_head(self) -> None:
        """The mask's output is kept, the edge goes on learning."""
        self.head.freeze_mask()

    def edge_parameters(self) -> list[nn.Parameter]:
        """The edge head's own."""
        return self.head.edge_parameters()
