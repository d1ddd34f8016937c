"""LinkNet: a residual encoder whose skips are added, not concatenated."""

from __future__ import annotations

from torch import Tensor, nn

from export.zoo.blocks import ConvNormReLU, Doubling


class _Residual(nn.Module):
    """ResNet-18's basic block (He et al., CVPR 2016): two 3x3 convolutions beside a shortcut."""

    def __init__(self, inside: int, outside: int, stride: int) -> None:
        super().__init__()
        self.first = ConvNormReLU(inside, outside, stride=stride)
        self.second = nn.Sequential(nn.Conv2d(outside, outside, 3, padding=1, bias=False), nn.BatchNorm2d(outside))
        self.shortcut: nn.Module = nn.Identity()
        if stride != 1 or inside != outside:
            self.shortcut = nn.Sequential(nn.Conv2d(inside, outside, 1, stride, bias=False), nn.BatchNorm2d(outside))
        self.relu = nn.ReLU(inplace=True)

    def forward(self, x: Tensor) -> Tensor:
        out: Tensor = self.relu(self.second(self.first(x)) + self.shortcut(x))
        return out


class _Decoder(nn.Sequential):
    """1x1 down to a quarter of the channels, a 3x3 that keeps or doubles the size, 1x1 to `outside` (figure 2 there)."""

    def __init__(self, inside: int, outside: int, middle: type[ConvNormReLU] | type[Doubling]) -> None:
        quarter = max(1, inside // 4)
        super().__init__(ConvNormReLU(inside, quarter, 1), middle(quarter, quarter), ConvNormReLU(quarter, outside, 1))


class LinkNet(nn.Module):
    """LinkNet (Chaurasia and Culurciello, VCIP 2017): ResNet-18's encoder, 11.5 million parameters at `width` 64.

    (N, 3, H, W) in 0..1, H and W in multiples of 32 -> logits (N, channels, H, W).
    """

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        first = width or 64
        half = max(1, first // 2)
        widths = [first * 2**step for step in range(4)]
        self.stem = nn.Sequential(ConvNormReLU(3, first, 7, stride=2), nn.MaxPool2d(3, 2, padding=1))
        self.encoder = nn.ModuleList(
            [
                nn.Sequential(_Residual(inside, outside, 1 if step == 0 else 2), _Residual(outside, outside, 1))
                for step, (inside, outside) in enumerate(zip([first, *widths], widths, strict=False))
            ]
        )
        self.decoder = nn.ModuleList([_Decoder(2 * one, one, Doubling) for one in reversed(widths[:-1])])
        self.last = _Decoder(first, first, ConvNormReLU)
        self.grow = Doubling(first, half)
        self.refine = ConvNormReLU(half, half)
        self.head = nn.ConvTranspose2d(half, channels, 2, 2)

    def forward(self, x: Tensor) -> Tensor:
        x = self.stem(x)
        skips: list[Tensor] = []
        for block in self.encoder:
            x = block(x)
            skips.append(x)
        for block, skip in zip(self.decoder, reversed(skips[:-1]), strict=True):
            x = block(x) + skip
        logits: Tensor = self.head(self.refine(self.grow(self.last(x))))
        return logits
