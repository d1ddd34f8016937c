# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from export.zoo.linknet import LinkNet


def test_parameters_are_those_of_its_paper() -> None:
    """Chaurasia and Culurciello, table 2: 11.5 million."""
    assert round(sum(one.numel() for one in LinkNet(1).parameters()) / 1e6, 1) == 11.5


def test_the_encoder_is_resnet_18() -> None:
    """11,176,512 parameters without its classifier."""
    network = LinkNet(1)
    assert sum(one.numel() for part in (network.stem, network.encoder) for one in part.parameters()) == 11_176_512


def test_skips_are_added() -> None:
    """A decoder gets as many channels as the encoder's level has: none are set beside them."""
    network = LinkNet(1, 8).eval()
    inside = [decoder[0][0].in_channels for decoder in network.decoder]
    assert inside == [64, 32, 16]
    with torch.inference_mode():
        before = network(torch.ones(1, 3, 64, 64))
        for decoder in network.decoder:
            decoder.register_forward_hook(lambda _, __, out: torch.zeros_like(out))
        assert not torch.equal(before, network(torch.ones(1, 3, 64, 64)))  # what is left comes by the skip
        assert network(torch.ones(1, 3, 64, 64)).std() > 0
