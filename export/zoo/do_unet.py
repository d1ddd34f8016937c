"""DO-U-Net: an unpadded U-Net with a mask and an edge as outputs, and how it sees a whole field without a seam."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from export.zoo.architecture import ZooError
from export.zoo.blocks import ConvNormReLU, DoubleConv, Heads, without_border

CONTEXT_PX = 44
"""188 px in, 100 px out: what is lost on each side."""

SMALLEST_PX = 92
"""4 px out; the next smaller side in phase would have none."""

_PHASE_PX = 8
"""Three 2x2 poolings: only tiles that lie a multiple of this apart pool the same pixels together."""


class DOUNet(nn.Module):
    """DO-U-Net (Overton and Tucker, IDA 2020), as Aghiles et al. use it for red cells: channel 0 the mask, channel 1 the edge.

    Filters as in its authors' published form: `width` 32 to 256, the first block 3 * `width`, then a 1x1. One channel is the
    single-output U-Net that they use for white cells and platelets. (N, 3, H, W) in 0..1, H and W 4 more than a multiple of 8,
    from 92 -> logits (N, channels, H - 88, W - 88).
    """

    def __init__(self, channels: int = 2, width: int | None = None) -> None:
        super().__init__()
        w = width or 32
        first = nn.Sequential(
            ConvNormReLU(3, 3 * w, padding=0),
            ConvNormReLU(3 * w, w, 1),
            ConvNormReLU(w, w, padding=0),
        )
        self.down = nn.ModuleList([first, *(DoubleConv(one, 2 * one, padding=0) for one in (w, 2 * w, 4 * w))])
        self.pool = nn.MaxPool2d(2)
        above = (4 * w, 2 * w, w)
        self.grow = nn.ModuleList(
            [
                nn.Sequential(nn.ConvTranspose2d(2 * one, one, 2, 2, bias=False), nn.BatchNorm2d(one), nn.ReLU(inplace=True))
                for one in above
            ]
        )
        self.up = nn.ModuleList([DoubleConv(2 * one, one, padding=0) for one in above])
        self.head = Heads(w, channels)

    def forward(self, x: Tensor) -> Tensor:
        skips: list[Tensor] = []
        for step, block in enumerate(self.down):
            x = block(x if step == 0 else self.pool(x))
            skips.append(x)
        # Borders so that the skip is as large as what comes from below: 40 -> 32, 88 -> 56, 184 -> 104.
        for grow, block, skip, border_px in zip(self.grow, self.up, reversed(skips[:-1]), (4, 16, 40), strict=True):
            x = block(torch.cat([without_border(skip, border_px), grow(x)], dim=1))
        logits: Tensor = self.head(x)
        return logits

    def freeze_mask_head(self) -> None:
        """Phase two of Aghiles et al., section V-A: the mask's output is kept, the edge goes on learning."""
        self.head.freeze_mask()

    def edge_parameters(self) -> list[nn.Parameter]:
        """The edge head's own."""
        return self.head.edge_parameters()


def mirrored(length_px: int, before_px: int, after_px: int) -> Tensor:
    """Which of 0..length_px-1 lies at each of -before_px .. length_px + after_px - 1.

    Mirrored at the outermost pixels, which are not repeated, as often as a small field needs.
    """
    places = torch.arange(-before_px, length_px + after_px)
    if length_px == 1:
        return torch.zeros_like(places)
    within = places.remainder(2 * (length_px - 1))
    return torch.minimum(within, 2 * (length_px - 1) - within)


def with_context(pixels: Tensor, height_px: int, width_px: int) -> Tensor:
    """(N, 3, H, W) with a mirrored border, so that the logits are (height_px, width_px): the field's first, then beyond it."""
    rows = mirrored(pixels.shape[-2], CONTEXT_PX, CONTEXT_PX + height_px - pixels.shape[-2])
    columns = mirrored(pixels.shape[-1], CONTEXT_PX, CONTEXT_PX + width_px - pixels.shape[-1])
    return pixels.index_select(-2, rows.to(pixels.device)).index_select(-1, columns.to(pixels.device))


def _covered(length_px: int, tile_px: int) -> int:
    """The least output not under `length_px` and not under one tile's that a whole number of phases after it ends with one."""
    return tile_px + -(-max(0, length_px - tile_px) // _PHASE_PX) * _PHASE_PX


def _starts(length_px: int, tile_px: int) -> list[int]:
    """Where tiles begin: steps in phase, the last one flush with the end."""
    step = tile_px // _PHASE_PX * _PHASE_PX
    return [*range(0, length_px - tile_px, step), length_px - tile_px]


def tiled(network: nn.Module, pixels: Tensor, tile_px: int = 188, batch: int = 8) -> Tensor:
    """A whole field in tiles of `tile_px`: (N, 3, H, W) in 0..1 of any size -> logits (N, channels, H, W), without a seam.

    100 is no multiple of 8: tiles a tile's output apart would pool other pixels together than the whole field does, and show
    it. So they lie 96 px apart and overlap by 4 px, in which they agree. Beyond the border the field is mirrored.
    """
    if tile_px < SMALLEST_PX + _PHASE_PX or tile_px % _PHASE_PX != 4:
        raise ZooError(f"tiles of DO-U-Net are 100, 108, ... px (4 more than a multiple of 8), not {tile_px}")
    height_px, width_px = pixels.shape[-2:]
    inner_px = tile_px - 2 * CONTEXT_PX
    covered = _covered(height_px, inner_px), _covered(width_px, inner_px)
    field = with_context(pixels, *covered)
    places = [(top, left) for top in _starts(covered[0], inner_px) for left in _starts(covered[1], inner_px)]
    whole: Tensor | None = None
    for first in range(0, len(places), batch):
        some = places[first : first + batch]
        logits = network(torch.cat([field[..., top : top + tile_px, left : left + tile_px] for top, left in some]))
        if whole is None:
            whole = logits.new_empty((pixels.shape[0], logits.shape[1], *covered))
        for (top, left), tile in zip(some, logits.split(pixels.shape[0]), strict=True):
            whole[..., top : top + inner_px, left : left + inner_px] = tile
    assert whole is not None  # there is at least one tile
    return whole[..., :height_px, :width_px]
