# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch import nn

from export.zoo.segnet import SegNet
from export.zoo.unpooling import Unpooling


def test_13_and_13_convolutions_of_vgg16() -> None:
    network = SegNet(1)
    down = [layer for layer in network.encoder.modules() if isinstance(layer, nn.Conv2d)]
    up = [layer for layer in network.decoder.modules() if isinstance(layer, nn.Conv2d)]
    assert [one.out_channels for one in down] == [64] * 2 + [128] * 2 + [256] * 3 + [512] * 6
    assert [one.out_channels for one in up] == [512] * 5 + [256] * 3 + [128] * 2 + [64] * 3
    assert [one.in_channels for one in up] == [one.out_channels for one in reversed(down)]
    # VGG16's convolutions have 14,714,688 parameters with 4,224 biases, which the normalisation has here.
    assert sum(one.weight.numel() for one in down) == 14_714_688 - 4_224


@pytest.mark.parametrize("channels", [1, 2])
def test_both_unpoolings_give_the_same_logits(channels: int) -> None:
    torch.manual_seed(0)
    network = SegNet(channels, 8).train()
    with torch.no_grad():
        for _ in range(3):
            network(torch.rand(4, 3, 64, 64))
        network.eval()
        pixels = torch.rand(2, 3, 96, 64)
        masked = network(pixels)
        network.unpooling = Unpooling.INDICES
        assert torch.equal(network(pixels), masked)
    assert masked.shape == (2, channels, 96, 64)
    assert masked.std() > 0


def test_128_px_lose_nothing() -> None:
    with torch.inference_mode():
        assert SegNet(1, 2).eval()(torch.rand(1, 3, 128, 128)).shape == (1, 1, 128, 128)


def test_the_edge_learns_while_the_mask_is_kept() -> None:
    torch.manual_seed(0)
    network = SegNet(2, 4).train()
    network.freeze_mask_head()
    network(torch.rand(2, 3, 32, 32)).square().mean().backward()
    mask, edge = network.head.heads
    assert all(one.grad is None for one in mask.parameters())
    assert all(one.grad is not None and one.grad.any() for one in edge.parameters())
    assert {id(one) for one in network.edge_parameters()} == {id(one) for one in edge.parameters()}
    assert SegNet(1, 4).edge_parameters() == []
