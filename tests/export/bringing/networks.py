"""Small networks as labs have them: third-party code that knows nothing of HemoCam."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn


class Blocks(nn.Module):
    """A padded network of two levels with a sigmoid at its end; `heads` gives several outputs."""

    def __init__(self, channels: int = 2, heads: int = 1, inside: int = 3, sigmoid: bool = True) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(inside, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.second = nn.Sequential(nn.Conv2d(6, 8, 3, padding=1), nn.BatchNorm2d(8), nn.ReLU())
        self.up = nn.ConvTranspose2d(8, 6, 2, stride=2)
        self.heads = nn.ModuleList([nn.Conv2d(12, channels, 1) for _ in range(heads)])
        self.sigmoid = sigmoid

    def forward(self, x: Tensor) -> Any:
        first = self.first(x)
        up = self.up(self.second(torch.max_pool2d(first, 2)))
        both = torch.cat([first, up], dim=1)
        outputs = [head(both) for head in self.heads]
        outputs = [torch.sigmoid(one) for one in outputs] if self.sigmoid else outputs
        return outputs[0] if len(outputs) == 1 else tuple(outputs)


class Scripted(nn.Module):
    """What torch.jit.script takes."""

    def __init__(self, channels: int = 2) -> None:
        super().__init__()
        self.first = nn.Sequential(nn.Conv2d(3, 6, 3, padding=1), nn.BatchNorm2d(6), nn.ReLU())
        self.up = nn.ConvTranspose2d(6, 6, 2, stride=2)
        self.head = nn.Conv2d(12, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        first = self.first(x)
        up = self.up(torch.max_pool2d(first, 2))
        return torch.sigmoid(self.head(torch.cat([first, up], dim=1)))


class _Unpool(torch.autograd.Function):
    """MaxUnpool as third parties export it, PyTorch's tracing exporter having none."""

    @staticmethod
    def forward(ctx: Any, x: Tensor, indices: Tensor, height: int, width: int) -> Tensor:
        return torch.ops.aten.max_unpool2d(x, indices, [int(height), int(width)])  # type: ignore[no-any-return]

    @staticmethod
    def symbolic(g: Any, x: Any, indices: Any, height: Any, width: Any) -> Any:
        return g.op("MaxUnpool", x, indices, kernel_shape_i=[2, 2], strides_i=[2, 2])


class TorchSegNet(nn.Module):
    """SegNet of two levels with pooling indices. ReLU before each pooling: whole windows of equal zeros, as in real ones."""

    def __init__(self, channels: int = 2, custom: bool = True) -> None:
        super().__init__()
        self.custom = custom
        self.encoder = nn.ModuleList([self._block(3, 6), self._block(6, 8)])
        self.decoder = nn.ModuleList([self._block(8, 6), self._block(6, 6)])
        self.head = nn.Conv2d(6, channels, 3, padding=1)

    @staticmethod
    def _block(inside: int, outside: int) -> nn.Module:
        return nn.Sequential(nn.Conv2d(inside, outside, 3, padding=1), nn.BatchNorm2d(outside), nn.ReLU())

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for block in self.encoder:
            x = block(x)
            size = x.shape
            x, indices = torch.nn.functional.max_pool2d(x, 2, return_indices=True)
            kept.append((indices, size))
        for block, (indices, size) in zip(self.decoder, reversed(kept), strict=True):
            if self.custom:
                x = _Unpool.apply(x, indices, size[2], size[3])  # type: ignore[no-untyped-call]
            else:
                x = torch.ops.aten.max_unpool2d(x, indices, [size[2], size[3]])
            x = block(x)
        return torch.sigmoid(self.head(x))


class Classifier(nn.Module):
    def __init__(self, classes: int = 3, softmax: bool = True) -> None:
        super().__init__()
        self.features = nn.Sequential(nn.Conv2d(3, 6, 3, 2, 1), nn.BatchNorm2d(6), nn.ReLU())
        self.head = nn.Linear(6, classes)
        self.softmax = softmax

    def forward(self, x: Tensor) -> Tensor:
        logits = self.head(self.features(x).mean(dim=(2, 3)))
        return torch.softmax(logits, dim=1) if self.softmax else logits


def trained(network: nn.Module, side: int = 32, seed: int = 0, inside: int = 3) -> nn.Module:
    """`network` with the batch statistics of random pictures and weights that make its outputs differ from place to place."""
    torch.manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if parameter.ndim > 1:
                nn.init.kaiming_normal_(parameter)
            else:
                nn.init.uniform_(parameter, 0.2, 1.0)
        network.train()
        for _ in range(20):
            network(torch.rand(4, inside, side, side))
    return network.eval()
