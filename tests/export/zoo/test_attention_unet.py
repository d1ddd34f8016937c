# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from export.zoo.attention_unet import AttentionGate, AttentionUNet
from export.zoo.unet import UNet


def test_coefficients_are_one_a_place_between_0_and_1() -> None:
    torch.manual_seed(0)
    gate = AttentionGate(4, 8, 4).eval()
    coefficients = gate.coefficients(torch.randn(2, 4, 12, 16), torch.randn(2, 8, 6, 8))
    assert coefficients.shape == (2, 1, 12, 16)
    assert 0.0 < coefficients.min() < coefficients.max() < 1.0


def test_a_closed_gate_lets_nothing_through() -> None:
    gate = AttentionGate(4, 8, 4).eval()
    with torch.no_grad():
        gate.coefficient[1].weight.zero_()
        skip, coarse = torch.randn(1, 4, 8, 8), torch.randn(1, 8, 4, 4)
        gate.coefficient[1].bias.fill_(30.0)
        opened = gate(skip, coarse)
        gate.coefficient[1].bias.fill_(-100.0)
        closed = gate(skip, coarse)
        nothing = gate.out(torch.zeros_like(skip))
    assert torch.allclose(opened, gate.out(skip), atol=1e-5)
    assert torch.allclose(closed, nothing, atol=1e-6)
    assert not torch.allclose(opened, closed, atol=1e-2)


def test_the_coarse_level_decides() -> None:
    """The same skip passes otherwise under another gate: attention, not a mask of the skip alone."""
    torch.manual_seed(0)
    gate = AttentionGate(4, 8, 4).eval()
    skip = torch.randn(1, 4, 8, 8)
    first, second = (gate.coefficients(skip, torch.randn(1, 8, 4, 4)) for _ in range(2))
    assert (first - second).abs().max() > 1e-3


def test_it_is_a_unet_with_gates() -> None:
    gates = sum(one.numel() for one in AttentionUNet(1, 8).gates.parameters())
    whole, plain = (sum(one.numel() for one in network(1, 8).parameters()) for network in (AttentionUNet, UNet))
    assert whole == plain + gates
