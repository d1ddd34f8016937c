"""HemoCam's own classifier of single cells: plain convolutions, for a device without an accelerator."""

from __future__ import annotations

from torch import Tensor, nn

from export.zoo.architecture import Architecture, ZooError

WIDTHS = (24, 40, 64, 112)
SMALLEST_PX = 2 ** len(WIDTHS)


class CompactNet(nn.Module):
    """Two 3x3 convolutions a level, four levels, then the mean over the crop: 255,000 parameters.

    Input: (batch, 3, side, side) float32 in 0..1. Output: logits (batch, classes). Plain convolutions with batch
    normalisation and ReLU: what int8 on a CPU and TensorRT are both fastest at. The first one strides, so that no layer works
    at full size.
    """

    def __init__(self, classes: int, dropout: float = 0.2) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        inside = 3
        for width in WIDTHS:
            for stride in (2, 1):
                layers += [nn.Conv2d(inside, width, 3, stride, 1, bias=False), nn.BatchNorm2d(width), nn.ReLU(inplace=True)]
                inside = width
        self.features = nn.Sequential(*layers)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(inside, classes)

    def forward(self, x: Tensor) -> Tensor:
        # Centred, because a smear is mostly bright: 0.5 lies between a cell and empty glass.
        pooled = self.features((x - 0.5) * 4.0).mean(dim=(2, 3))
        logits: Tensor = self.head(self.dropout(pooled))
        return logits


def build(classes: int, side_px: int) -> nn.Module:
    """Random weights. Raises ZooError where the side or the number of classes cannot be."""
    if classes < 2:
        raise ZooError(f"compact tells at least two classes apart, not {classes}")
    if side_px < SMALLEST_PX:
        raise ZooError(f"compact takes crops of {SMALLEST_PX} px or more, not {side_px}")
    return CompactNet(classes)


COMPACT = Architecture("compact", "classification", build, multiple_px=1, paper="HemoCam's own")
