# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch import nn

from export.zoo.unet import ElsaftyUNet, UNet


def test_parameters_are_u_nets() -> None:
    """31 million: nine pairs of 3x3 convolutions from 64 to 1024 filters, four transposed 2x2 ones, a head."""
    by_hand = 0
    inside = 3
    for filters in (64, 128, 256, 512, 1024):
        by_hand += 9 * inside * filters + 9 * filters * filters + 4 * filters
        inside = filters
    for filters in (512, 256, 128, 64):
        by_hand += 4 * 2 * filters * filters + filters  # growing
        by_hand += 9 * 2 * filters * filters + 9 * filters * filters + 4 * filters
    by_hand += 64 + 1
    assert sum(one.numel() for one in UNet(1).parameters()) == by_hand == 31_037_633


def test_elsaftys_order_of_layers() -> None:
    network = ElsaftyUNet(1, 2)
    down = [type(layer) for layer in network.down[0]]
    assert down == [nn.Conv2d, nn.ReLU, nn.BatchNorm2d] * 2
    assert not any(isinstance(layer, nn.BatchNorm2d) for layer in [*network.up.modules(), *network.grow.modules()])
    halving = network.grow[0][1]
    assert (halving.kernel_size, halving.out_channels * 2) == ((2, 2), halving.in_channels)


def test_elsaftys_two_by_two_looks_right_and_down() -> None:
    """Keras pads an even kernel behind: an output sees its own pixel and the next, never the one before."""
    halving = ElsaftyUNet(1, 2).grow[-1][1]
    one = torch.zeros(1, halving.in_channels, 6, 6)
    one[..., 3, 3] = 1.0
    with torch.inference_mode():
        seen = (halving(one) - halving(torch.zeros_like(one))).abs().amax(dim=(0, 1)) > 0
    assert {tuple(place) for place in seen.nonzero().tolist()} == {(2, 2), (2, 3), (3, 2), (3, 3)}


def test_elsaftys_crops() -> None:
    with torch.inference_mode():
        assert ElsaftyUNet(1, 2).eval()(torch.rand(2, 3, 80, 80)).shape == (2, 1, 80, 80)


@pytest.mark.parametrize("form", [UNet, ElsaftyUNet])
def test_signal_is_neither_lost_nor_blown_up(form: type[UNet] | type[ElsaftyUNet]) -> None:
    """Elsafty's way up has no normalisation: without the right start its logits would vanish over eight layers."""
    torch.manual_seed(0)
    network = form(1, 8).train()
    with torch.no_grad():
        spread = network(torch.rand(4, 3, 64, 64)).std()
    assert 0.02 < spread < 20
