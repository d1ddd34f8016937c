"""Conditional GAN: a generator that draws the mask of a picture, and a discriminator that looks at patches of both."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.zoo.architecture import ZooError


class _Down(nn.Sequential):
    """Half the size: 4x4 convolution with stride 2, normalisation where there is something to normalise over, LeakyReLU."""

    def __init__(self, inside: int, outside: int, normalised: bool) -> None:
        layers: list[nn.Module] = [nn.Conv2d(inside, outside, 4, 2, padding=1, bias=not normalised)]
        if normalised:
            layers.append(nn.BatchNorm2d(outside))
        super().__init__(*layers, nn.LeakyReLU(0.2, inplace=True))


class _Up(nn.Sequential):
    """Twice the size: 4x4 transposed convolution with stride 2, normalisation, dropout on the inner levels, ReLU."""

    def __init__(self, inside: int, outside: int, dropout: float) -> None:
        super().__init__(
            nn.ConvTranspose2d(inside, outside, 4, 2, padding=1, bias=False),
            nn.BatchNorm2d(outside),
            nn.Dropout(dropout),
            nn.ReLU(inplace=True),
        )


class Generator(nn.Module):
    """The U-Net generator of Isola et al., CVPR 2017, appendix 6.1, whose objective AneRBC uses without giving its layers.

    `levels` halvings, `width` to 8 * `width` filters. Isola et al. have eight of them for 256 x 256 px, down to one pixel;
    here five are the default, since then sides are multiples of 32 and a 640 x 480 field fits without filling. Their dropout
    stays on after training, as noise; here it ends with training, since a count must not change between two looks.
    (N, 3, H, W) in 0..1 -> logits (N, channels, H, W), where theirs end in tanh. ZooError for sides of no such multiple.
    """

    def __init__(self, channels: int = 1, width: int | None = None, levels: int = 5) -> None:
        super().__init__()
        if not 4 <= levels <= 8:
            raise ZooError(f"the generator has 4 to 8 levels, not {levels}")
        self.multiple_px = 2**levels
        first = width or 64
        widths = [first * min(8, 2**level) for level in range(levels)]
        self.down = nn.ModuleList(
            [
                # Neither the first level nor the last is normalised: the last may be one pixel, whose variance is 0.
                _Down(inside, outside, normalised=0 < level < levels - 1)
                for level, (inside, outside) in enumerate(zip([3, *widths], widths, strict=False))
            ]
        )
        insides = [widths[-1], *(2 * one for one in reversed(widths[1:-1]))]
        # "CD512-CD512-CD512" there: dropout in the first three decoder levels, as far as they have 8 * width filters.
        self.up = nn.ModuleList(
            [
                _Up(inside, outside, dropout=0.5 if outside == 8 * first and step < 3 else 0.0)
                for step, (inside, outside) in enumerate(zip(insides, reversed(widths[:-1]), strict=True))
            ]
        )
        self.head = nn.ConvTranspose2d(2 * widths[0], channels, 4, 2, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        # The other networks stumble over a skip of another size; here a 129th row would fall out unseen in the first level.
        tracing = torch.jit.is_tracing()  # type: ignore[attr-defined, no-untyped-call]  # torch has no types for it
        if not tracing and (x.shape[-2] % self.multiple_px or x.shape[-1] % self.multiple_px):
            raise ZooError(f"sides are multiples of {self.multiple_px} px here, not {x.shape[-2]} x {x.shape[-1]}")
        skips: list[Tensor] = []
        for block in self.down:
            x = block(x)
            skips.append(x)
        for block, skip in zip(self.up, reversed(skips[:-1]), strict=True):
            x = torch.cat([block(x), skip], dim=1)
        logits: Tensor = self.head(x)
        return logits


class PatchDiscriminator(nn.Module):
    """The 70 x 70 px PatchGAN of Isola et al., appendix 6.1.2: each output says real or drawn of one patch.

    pixels (N, 3, H, W) in 0..1 and masks (N, channels, H, W) in 0..1, true ones or the sigmoid of the generator's logits ->
    logits (N, 1, H / 8 - 2, W / 8 - 2), positive for real. Sides from 32 px.
    """

    patch_px = 70

    def __init__(self, channels: int = 1, width: int | None = None) -> None:
        super().__init__()
        first = width or 64
        self.layers = nn.Sequential(
            _Down(3 + channels, first, normalised=False),
            _Down(first, 2 * first, normalised=True),
            _Down(2 * first, 4 * first, normalised=True),
            nn.Conv2d(4 * first, 8 * first, 4, padding=1, bias=False),
            nn.BatchNorm2d(8 * first),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Conv2d(8 * first, 1, 4, padding=1),
        )

    def forward(self, pixels: Tensor, masks: Tensor) -> Tensor:
        logits: Tensor = self.layers(torch.cat([pixels, masks], dim=1))
        return logits
