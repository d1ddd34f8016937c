# ruff: noqa: E402  # what is imported further down needs a package that may not be installed
from __future__ import annotations

import pytest

torch = pytest.importorskip("torch", reason="the networks need PyTorch: pip install hemocam[export]")

from torch import nn

from export.zoo import ZooError
from export.zoo.conditional_gan import Generator, PatchDiscriminator


def test_eight_levels_are_isolas_generator() -> None:
    """54.4 million parameters, as its authors' code counts them for three channels out."""
    network = Generator(3, levels=8)
    assert round(sum(one.numel() for one in network.parameters()) / 1e6, 1) == 54.4
    small = Generator(1, 2, levels=8).eval()
    with torch.inference_mode():
        assert small(torch.rand(1, 3, 256, 256)).shape == (1, 1, 256, 256)
    drops = [layer.p for layer in network.modules() if isinstance(layer, nn.Dropout)]
    assert drops == [0.5, 0.5, 0.5, 0.0, 0.0, 0.0, 0.0]


def test_levels_there_are_not() -> None:
    for levels in (3, 9):
        with pytest.raises(ZooError, match="4 to 8 levels"):
            Generator(1, 2, levels=levels)


def test_a_129th_row_is_refused() -> None:
    with pytest.raises(ZooError, match="multiples of 32 px here, not 129 x 128"):
        Generator(1, 2)(torch.rand(1, 3, 129, 128))


def test_a_count_does_not_change_between_two_looks() -> None:
    torch.manual_seed(0)
    network = Generator(1, 4)
    pixels = torch.rand(2, 3, 64, 64)
    with torch.no_grad():
        assert not torch.equal(network.train()(pixels), network(pixels))  # dropout, while it learns
        assert torch.equal(network.eval()(pixels), network(pixels))


def test_a_patch_is_70_px() -> None:
    """Which pixels move one output: exactly 70 x 70, the size that names the discriminator."""
    torch.manual_seed(0)
    network = PatchDiscriminator(1, 4).eval().double()
    pixels = torch.rand(1, 3, 160, 160, dtype=torch.float64, requires_grad=True)
    masks = torch.rand(1, 1, 160, 160, dtype=torch.float64, requires_grad=True)
    out = network(pixels, masks)
    out[0, 0, 9, 9].backward()
    for one in (pixels, masks):
        assert one.grad is not None
        rows, columns = one.grad.abs().sum(dim=(0, 1)).nonzero().T
        assert (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1) == (70, 70)
    assert PatchDiscriminator.patch_px == 70


def test_the_discriminator_is_isolas() -> None:
    """2.77 million parameters and 30 x 30 patches for 256 x 256 px with three channels, as its authors' code has it."""
    assert round(sum(one.numel() for one in PatchDiscriminator(3).parameters()) / 1e6, 2) == 2.77
    with torch.inference_mode():
        assert PatchDiscriminator(2, 2).eval()(torch.rand(1, 3, 256, 256), torch.rand(1, 2, 256, 256)).shape == (1, 1, 30, 30)


def test_one_step_of_each_player_reaches_its_parameters_alone() -> None:
    """What adversarial training does: the generator learns through the discriminator, which itself must not move then."""
    torch.manual_seed(0)
    generator, discriminator = Generator(1, 4).train(), PatchDiscriminator(1, 4).train()
    pixels, true = torch.rand(2, 3, 64, 64), torch.rand(2, 1, 64, 64).round()
    drawn = generator(pixels).sigmoid()
    real, fake = discriminator(pixels, true), discriminator(pixels, drawn.detach())
    loss = nn.functional.binary_cross_entropy_with_logits
    (loss(real, torch.ones_like(real)) + loss(fake, torch.zeros_like(fake))).backward()
    assert all(one.grad is not None and one.grad.any() for one in discriminator.parameters())
    assert all(one.grad is None for one in generator.parameters())
    judged = discriminator(pixels, drawn)
    loss(judged, torch.ones_like(judged)).backward()
    assert all(one.grad is not None and one.grad.any() for one in generator.parameters())
