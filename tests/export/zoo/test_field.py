# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from export.zoo.field import FieldNet, field_net


@pytest.mark.parametrize("widths", [(3,), (3, 4), (3, 4, 5), (3, 4, 5, 6)])
def test_any_multiple_of_two_to_the_levels(widths: tuple[int, ...]) -> None:
    network = FieldNet(6, widths).eval()
    unit = 2 ** len(widths)
    with torch.inference_mode():
        for batch, rows, columns in ((1, 1, 1), (2, 1, 3), (1, 5, 2)):
            found = network(torch.rand(batch, 3, rows * unit, columns * unit))
            assert found.shape == (batch, 6, rows * unit, columns * unit)
            assert torch.isfinite(found).all()


def test_a_size_between_is_no_silent_crop() -> None:
    with pytest.raises(RuntimeError):
        FieldNet(6, (3, 4, 5))(torch.rand(1, 3, 20, 24))


@pytest.mark.parametrize("channels", [1, 6, 9])
def test_channels(channels: int) -> None:
    assert FieldNet(channels, (3, 4)).eval()(torch.rand(1, 3, 8, 8)).shape[1] == channels


def test_every_parameter_is_learnt() -> None:
    torch.manual_seed(0)
    network = FieldNet(6, (4, 5, 6)).train()
    network(torch.rand(2, 3, 32, 32)).square().sum().backward()
    silent = [name for name, one in network.named_parameters() if one.grad is None or not one.grad.any()]
    assert silent == []


def test_a_pixel_is_answered_where_it_lies() -> None:
    """The shuffles keep places: what changes in one corner changes nothing in the far one."""
    torch.manual_seed(0)
    network = FieldNet(2, (4, 5)).eval()
    first = torch.rand(1, 3, 96, 96)
    second = first.clone()
    second[..., :4, :4] = 1.0 - second[..., :4, :4]
    with torch.inference_mode():
        changed = (network(first) - network(second)).abs().amax(dim=(0, 1))
    assert changed[:4, :4].max() > 0
    assert changed[60:, 60:].max() == 0


def test_the_default_is_small() -> None:
    assert 300_000 < sum(one.numel() for one in FieldNet().parameters()) < 1_000_000


def test_a_width_scales_every_level() -> None:
    counts = [sum(one.numel() for one in field_net(6, width).parameters()) for width in (None, 24, 12)]
    assert counts[0] == counts[1] == sum(one.numel() for one in FieldNet().parameters())
    assert 3.5 < counts[0] / counts[2] < 4
